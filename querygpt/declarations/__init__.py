"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, places."""

from querygpt.declarations import chatting, rights, storing


def declare() -> None:
    rights.declare()
    storing.declare()
    chatting.declare()
