"""The operators' view of the foundation: audit, configuration, files, logs, plugins, archives, backups."""

from laojun.admin import (
    archives,
    audit,
    backups,
    chain,
    configuration,
    files,
    limits,
    logs,
    notices,
    outbound,
    plugin_calls,
    plugin_keys,
    plugins,
)

__all__ = [
    "archives",
    "audit",
    "backups",
    "chain",
    "configuration",
    "files",
    "limits",
    "logs",
    "notices",
    "outbound",
    "plugin_calls",
    "plugin_keys",
    "plugins",
]
