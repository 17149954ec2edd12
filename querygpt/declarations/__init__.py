"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, places."""

from querygpt.declarations import chatting, connecting, knowledge, rights, storing


def declare() -> None:
    rights.declare()
    storing.declare()
    chatting.declare()
    connecting.declare()
    knowledge.declare()
