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
]
