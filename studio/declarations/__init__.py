"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, places."""


def declare() -> None:
    pass
