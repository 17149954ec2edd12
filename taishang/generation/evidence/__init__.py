"""Read the facts of an export: what its front end calls, declares, keeps and shows, and where."""
