"""What the engines that rank vectors tell the registries: a right, settings, schedules, audited deeds."""

from django.utils.translation import gettext_lazy as _

from accounts.permissions import MANAGERS
from accounts.registry import Schedule
from laojun.declarations import entries
from laojun.definitions import GLOBAL, INTEGER, Definition, define
from taishang.vectors import outbox

RIGHTS = (
    (
        "vector.index.manage",
        "管理向量索引",
        "Manage vector indexes",
        MANAGERS | {"data_engineer"},
        "high",
    ),
)
ACTIONS = {"vector_collection.reconcile": _("repaired the engine of a vector collection")}
# Key, default, lowest, highest, title, unit.
SETTINGS = (
    ("publish_changes", 5_000, 1, 1_000_000, _("Changes until a new snapshot"), ""),
    ("publish_seconds", 300, 1, 86_400, _("Longest wait for a new snapshot"), "s"),
    ("lag_warn_seconds", 60, 1, 86_400, _("Lag of an engine that is worth an alarm"), "s"),
)


def declare() -> None:
    entries.rights(RIGHTS)
    entries.actions(ACTIONS)
    for name, default, low, high, title, unit in SETTINGS:
        define(
            Definition(
                key=f"vectors.{name}",
                kind=INTEGER,
                default=default,
                low=low,
                high=high,
                scopes=frozenset({GLOBAL}),
                group="vectors",
                title=title,
                unit=unit,
            )
        )
    entries.schedules(
        Schedule("vectors.outbox", outbox.sweep, every_s=2, queue="vectors"),
        Schedule("vectors.reconcile_all", outbox.reconcile_all, cron="0 4 * * *", queue="vectors"),
    )
