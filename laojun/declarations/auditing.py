"""The audit log: who may read it."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import MANAGERS
from accounts.registry import NavigationEntry
from laojun.declarations.entries import actions, console, places, problems, rights

AUDITORS = MANAGERS | {"analyst", "ops_admin"}
ACTIONS = {
    "audit.exported": _("exported the audit log"),
}
PROBLEMS = (
    (
        "window_too_wide",
        400,
        _("The time is too long"),
        _("Ask for at most 400 days at once."),
    ),
)
RIGHTS = (
    ("audit.view", "查看审计日志", "See the audit log", AUDITORS, "low"),
    ("audit.export", "导出审计日志", "Export the audit log", MANAGERS, "high"),
)
PAGE = NavigationEntry(
    "workspace_audit", _("Audit"), "workspace_audit", "shield", 50, "audit.view", group="workspace"
)


def declare() -> None:
    actions(ACTIONS)
    problems(PROBLEMS)
    rights(RIGHTS)
    places(PAGE)
    console("auditlog", view="audit.view", change="audit.view")
    registry.page_limits.add("workspace_audit_export", {"GET": ("export",)})
