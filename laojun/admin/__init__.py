"""The operators' view of the foundation: audit, configuration, files, ways out, archives, backups."""

from laojun.admin import (
    archives,
    audit,
    backups,
    chain,
    configuration,
    files,
    limits,
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
    "outbound",
    "plugin_calls",
]
