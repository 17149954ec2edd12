from laojun.models.audit import AuditActor, AuditLog
from laojun.models.chain import AuditAnchor, AuditChain, AuditCheckpoint, AuditInstance
from laojun.models.config import Config, ConfigGeneration
from laojun.models.file import File, FileUsage
from laojun.models.outbound import OutboundRule

__all__ = [
    "AuditActor",
    "AuditAnchor",
    "AuditChain",
    "AuditCheckpoint",
    "AuditInstance",
    "AuditLog",
    "Config",
    "ConfigGeneration",
    "File",
    "FileUsage",
    "OutboundRule",
]
