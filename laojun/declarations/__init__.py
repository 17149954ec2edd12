"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, schedules."""

from laojun.declarations import (
    accounts,
    auditing,
    backups,
    chain,
    configuration,
    files,
    logs,
    notifications,
    outbound,
    plugin_calls,
    plugins,
    retention,
    settings,
)


def declare() -> None:
    settings.declare()
    accounts.declare()
    auditing.declare()
    chain.declare()
    configuration.declare()
    files.declare()
    logs.declare()
    notifications.declare()
    outbound.declare()
    plugins.declare()
    plugin_calls.declare()
    backups.declare()
    retention.declare()
