from laojun.models.archive import Archive
from laojun.models.audit import AuditActor, AuditLog
from laojun.models.backup import Backup
from laojun.models.chain import AuditAnchor, AuditChain, AuditCheckpoint, AuditInstance
from laojun.models.config import Config, ConfigGeneration
from laojun.models.file import File, FileUsage
from laojun.models.log import SystemLog
from laojun.models.notification import Notification, NotificationMark
from laojun.models.outbound import OutboundRule
from laojun.models.plugin import Plugin, PluginGeneration, PluginVersion
from laojun.models.plugin_audit import PluginAudit
from laojun.models.plugin_delivery import PluginDelivery
from laojun.models.plugin_instance import PluginConsent, PluginInstance
from laojun.models.plugin_key import PluginKey

__all__ = [
    "Archive",
    "AuditActor",
    "AuditAnchor",
    "AuditChain",
    "AuditCheckpoint",
    "AuditInstance",
    "AuditLog",
    "Backup",
    "Config",
    "ConfigGeneration",
    "File",
    "FileUsage",
    "Notification",
    "NotificationMark",
    "OutboundRule",
    "Plugin",
    "PluginAudit",
    "PluginConsent",
    "PluginDelivery",
    "PluginGeneration",
    "PluginInstance",
    "PluginKey",
    "PluginVersion",
    "SystemLog",
]
