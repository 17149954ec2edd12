"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, places."""

from taishang.declarations import engine, vector_engines, vectors


def declare() -> None:
    engine.declare()
    vectors.declare()
    vector_engines.declare()
