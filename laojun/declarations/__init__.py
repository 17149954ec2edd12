"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, schedules."""

from laojun.declarations import accounts, auditing, chain, configuration, files, outbound


def declare() -> None:
    accounts.declare()
    auditing.declare()
    chain.declare()
    configuration.declare()
    files.declare()
    outbound.declare()
