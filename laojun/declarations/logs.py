"""The system logs: who may read them, and what the trace of a request is made of."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import MANAGERS
from accounts.registry import ConsoleTile, NavigationEntry
from laojun.declarations.entries import console, places, rights
from laojun.logs import figures, tracing

READERS = MANAGERS | {"ops_admin"}
RIGHTS = (("log.view", "查看系统日志", "See the system logs", READERS, "high"),)
PAGE = NavigationEntry(
    "workspace_logs", _("Logs"), "workspace_logs", "list", 70, "log.view", group="workspace"
)
TILE = ConsoleTile("log_errors", _("Errors in 24 hours"), "warning", figures.errors, 60, "log.view")


def declare() -> None:
    rights(RIGHTS)
    places(PAGE)
    console("systemlog", view="log.view", change="log.view")
    tracing.sources.add("logs", tracing.logs)
    tracing.sources.add("audit", tracing.deeds)
    registry.console_tiles.add(TILE.key, TILE)
