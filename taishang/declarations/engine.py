"""What the task engine tells the registries: rights, problems, places, audited deeds."""

from functools import partial

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import EVERYBODY, MANAGERS, WRITERS
from accounts.registry import (
    ConsoleEntry,
    ConsoleRight,
    ConsoleTile,
    DeletionStep,
    Letter,
    NavigationEntry,
    NoticeType,
    Permission,
    Problem,
)
from laojun.audit import actions
from laojun.plugins.events import types as event_types
from taishang import events, removal, tiles

OPERATIONS = frozenset({"ops_admin", "data_engineer"})
PERMISSIONS = [
    ("task.view", "查看自己的任务", "See one's own tasks", EVERYBODY | OPERATIONS),
    ("task.view_all", "查看所有任务", "See everybody's tasks", MANAGERS | OPERATIONS),
    ("task.create", "创建任务", "Create tasks", WRITERS | OPERATIONS),
    ("task.cancel", "取消任务", "Cancel tasks", WRITERS | OPERATIONS),
    ("task.retry", "重试任务", "Retry tasks", WRITERS | OPERATIONS),
    ("task.priority", "提高任务优先级", "Give tasks precedence", MANAGERS | OPERATIONS),
]
TILES = [
    ("running", _("Running"), "activity", tiles.running),
    ("failed", _("Failed in 24 hours"), "cross", tiles.failed),
    ("attention", _("Needs attention"), "hand", tiles.attention),
]
PROBLEMS = [
    (
        "unknown_task_type",
        400,
        _("No such kind of task"),
        _("Use one of the kinds listed at `task-types/`."),
    ),
    (
        "secret_in_payload",
        400,
        _("A secret in the payload"),
        _("A payload holds ids, never passwords, keys or tokens."),
    ),
    (
        "payload_invalid",
        400,
        _("This payload does not fit its kind"),
        _("Compare it with the schema at `task-types/`."),
    ),
    ("payload_too_large", 413, _("The payload is too large"), _("Send at most 256 KB.")),
    (
        "task_duplicate",
        409,
        _("This work is already under way"),
        _("Wait for the task named in `task_id`, or cancel it first."),
    ),
    (
        "queue_full",
        429,
        _("Too many tasks are waiting"),
        _("Wait until some of them are done, then try again."),
    ),
]
ACTIONS = {
    "task.cancel": _("Cancelled somebody's task"),
    "task.retry": _("Repeated somebody's task"),
    "task.reorder": _("Re-ordered somebody's task"),
    "task.acknowledge": _("Acknowledged a failed task"),
    "task.retry_all": _("Repeated all failed tasks of a kind"),
    "task.acknowledge_all": _("Acknowledged all failed tasks of a kind"),
    "lane.pause": _("Paused a lane"),
    "lane.resume": _("Resumed a lane"),
    "lane.change": _("Changed a lane's limits"),
    "schedule.change": _("Changed a schedule"),
    "schedule.run": _("Ran a schedule by hand"),
    "worker.drain": _("Drained a worker"),
}


LETTERS = {
    "task_succeeded": Letter(
        _("Done: %(what)s"),
        (_("What you asked for is finished. Look at the result."),),
        _("See the result"),
        "tasks",
        category="task",
        level="success",
    ),
    "task_failed": Letter(
        _("Failed: %(what)s"),
        ("%(reason)s", _("Look at what happened; it can be tried again.")),
        _("See what happened"),
        "tasks",
        category="task",
        level="error",
    ),
}


def declare() -> None:
    for kind in events.types():
        event_types.add(kind.key, kind)
    _declare_news()
    for key, zh, en, roles in PERMISSIONS:
        registry.permissions.add(key, Permission(key, zh, en, roles))
    for code, status, title, remedy in PROBLEMS:
        registry.problems.add(code, Problem(code, status, title, remedy))
    for action, meaning in ACTIONS.items():
        actions.add(action, meaning)
    for step, order in (
        (removal.remove_projects, 20),
        (removal.remove_work, 30),
        (removal.remove_models, 40),
    ):
        name = f"taishang.{step.__name__}"
        registry.deletion_steps.add(name, DeletionStep(name, step, order))
    for model, change in (
        ("task", "task.cancel"),
        ("lane", "task.priority"),
        ("schedule", "task.priority"),
        ("worker", "task.priority"),
    ):
        registry.console_rights.add(f"taishang.{model}", ConsoleRight("task.view_all", change))
    registry.navigation.add(
        "tasks",
        NavigationEntry(
            key="tasks",
            label=_("Tasks"),
            url_name="tasks",
            icon="list",
            order=60,
            permission="task.view",
            group="tools",
            count_url_name="task_count",
        ),
    )
    registry.console_entries.add(
        "live_board",
        ConsoleEntry(
            "live_board",
            _("Live board"),
            "admin:live_board",
            "monitoring",
            _("Work"),
            10,
            "task.view_all",
        ),
    )
    for order, (key, label, icon, build) in enumerate(TILES, start=10):
        registry.console_tiles.add(
            key, ConsoleTile(key, label, icon, build, order, "task.view_all")
        )


def _declare_news() -> None:
    tasks = NoticeType("tasks", _("Work you asked for that is done or failed"))
    registry.notice_types.add(tasks.key, tasks)
    for name, letter in LETTERS.items():
        registry.letters.add(name, letter)
    for kind in ("task", "generation_job"):
        registry.link_resolvers.add(kind, partial(_page, kind))


def _page(name: str, number: str) -> str:
    return reverse(name, args=[number])
