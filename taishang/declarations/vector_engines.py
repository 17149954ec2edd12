"""What the engines that rank vectors tell the registries: a problem, settings, schedules, audited deeds."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import ConsoleEntry, ConsoleRight, Schedule
from laojun.declarations import entries
from laojun.definitions import GLOBAL, INTEGER, Definition, define
from taishang.vectors import leftovers, outbox

PROBLEMS = (
    (
        "no_engine",
        409,
        _("PostgreSQL itself ranks this collection"),
        _("Only collections of the backends faiss and milvus can be compared with an engine."),
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
    entries.problems(PROBLEMS)
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
    registry.console_rights.add(
        "taishang.vectorindex", ConsoleRight("task.view_all", "task.priority")
    )
    registry.console_entries.add(
        "vector_engines",
        ConsoleEntry(
            "vector_engines",
            _("Vector engines"),
            "admin:vector_engines",
            "hub",
            _("Work"),
            30,
            "task.view_all",
        ),
    )
    entries.schedules(
        Schedule("vectors.outbox", outbox.sweep, every_s=2, queue="vectors"),
        Schedule("vectors.engine_orphans", leftovers.sweep, every_s=600, queue="vectors"),
        Schedule("vectors.reconcile_all", outbox.reconcile_all, cron="0 4 * * *", queue="vectors"),
    )
