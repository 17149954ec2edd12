"""Suites of questions with known answers: asked, compared, counted. `suites`, `comparing` and `reporting` are pure."""
