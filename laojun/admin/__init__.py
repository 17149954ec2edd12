"""The operators' view of the foundation: audit, configuration, files, ways out, plugins."""

from laojun.admin import (
    audit,
    configuration,
    files,
    limits,
    outbound,
    plugin_calls,
    plugin_keys,
    plugins,
)

__all__ = [
    "audit",
    "configuration",
    "files",
    "limits",
    "outbound",
    "plugin_calls",
    "plugin_keys",
    "plugins",
]
