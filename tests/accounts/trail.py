"""What the audit log says, seen by an operator."""

from accounts import tenancy
from laojun.models import AuditLog


def recorded(action: str) -> list[AuditLog]:
    with tenancy.platform_scope(reason="tests: read the audit log"):
        return list(AuditLog.objects.filter(action=action).order_by("id"))
