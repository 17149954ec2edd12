"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, places."""

from taishang.declarations import engine, vectors


def declare() -> None:
    engine.declare()
    vectors.declare()
