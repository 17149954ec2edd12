"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, schedules."""

from laojun.declarations import (
    accounts,
    auditing,
    backups,
    configuration,
    files,
    outbound,
    retention,
)


def declare() -> None:
    accounts.declare()
    auditing.declare()
    backups.declare()
    configuration.declare()
    files.declare()
    outbound.declare()
    retention.declare()
