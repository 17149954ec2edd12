"""The operators' view of the foundation: audit, configuration, files, ways out, plugins, notices, what is kept."""

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
