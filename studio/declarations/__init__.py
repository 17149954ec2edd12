"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, places."""

from studio.declarations import books, rights, storing, writing


def declare() -> None:
    rights.declare()
    books.declare()
    storing.declare()
    writing.declare()
