"""The operators' view of the foundation: audit, configuration, files, ways out."""

from laojun.admin import audit, chain, configuration, files, limits, outbound, plugin_calls

__all__ = ["audit", "chain", "configuration", "files", "limits", "outbound", "plugin_calls"]
