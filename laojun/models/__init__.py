from laojun.models.archive import Archive
from laojun.models.audit import AuditActor, AuditLog
from laojun.models.backup import Backup
from laojun.models.config import Config, ConfigGeneration
from laojun.models.file import File, FileUsage
from laojun.models.outbound import OutboundRule

__all__ = [
    "Archive",
    "AuditActor",
    "AuditLog",
    "Backup",
    "Config",
    "ConfigGeneration",
    "File",
    "FileUsage",
    "OutboundRule",
]
