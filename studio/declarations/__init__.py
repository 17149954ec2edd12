"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, places."""

from studio.declarations import rights, storing


def declare() -> None:
    rights.declare()
    storing.declare()
