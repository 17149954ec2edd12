"""The operators' view of the foundation: audit, configuration, files, logs, notices, ways out."""

from laojun.admin import audit, configuration, files, limits, logs, notices, outbound

__all__ = ["audit", "configuration", "files", "limits", "logs", "notices", "outbound"]
