"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, places."""

from studio.declarations import books, helping, pages, rights, storing, story, writing


def declare() -> None:
    rights.declare()
    books.declare()
    storing.declare()
    writing.declare()
    pages.declare()
    story.declare()
    helping.declare()
