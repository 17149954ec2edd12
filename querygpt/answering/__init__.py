"""A question from its being asked to its one terminal state: route, write SQL, run, repair, chart, tell."""
