"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, schedules."""

from laojun.declarations import (
    accounts,
    auditing,
    configuration,
    files,
    logs,
    notifications,
    outbound,
)


def declare() -> None:
    accounts.declare()
    auditing.declare()
    configuration.declare()
    files.declare()
    logs.declare()
    notifications.declare()
    outbound.declare()
