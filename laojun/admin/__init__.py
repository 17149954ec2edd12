"""The operators' view of the foundation: audit, configuration, files, ways out, archives, backups."""

from laojun.admin import archives, audit, backups, configuration, files, limits, outbound

__all__ = ["archives", "audit", "backups", "configuration", "files", "limits", "outbound"]
