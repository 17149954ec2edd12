from laojun.models.audit import AuditActor, AuditLog
from laojun.models.config import Config, ConfigGeneration
from laojun.models.file import File, FileUsage
from laojun.models.log import SystemLog
from laojun.models.notification import Notification, NotificationMark
from laojun.models.outbound import OutboundRule

__all__ = [
    "AuditActor",
    "AuditLog",
    "Config",
    "ConfigGeneration",
    "File",
    "FileUsage",
    "Notification",
    "NotificationMark",
    "OutboundRule",
    "SystemLog",
]
