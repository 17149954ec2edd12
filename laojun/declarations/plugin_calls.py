"""Calls of plugins: the foundation's own hook, the events it tells of, the outbox and its console."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import ConsoleTile, DeletionStep, Letter, Schedule
from laojun import definitions
from laojun.declarations.entries import actions, console, problems, schedules
from laojun.definitions import GLOBAL, INTEGER, Definition
from laojun.plugins import deliveries, demo, events, points, pumping, tiles
from laojun.plugins.builtins import builtins
from laojun.plugins.events import EventType
from laojun.plugins.hooks import hooks
from laojun.plugins.own import declaring

ACTIONS = {
    "plugin.tested": _("tried a plugin"),
    "plugin.delivery_replayed": _("sent a given-up event again"),
    "plugin.delivery_released": _("decided about events that were held back"),
}
PROBLEMS = (
    (
        "not_dead",
        409,
        _("It was not given up"),
        _("Only a delivery in the state dead can be sent again."),
    ),
    (
        "hook_not_offered",
        409,
        _("The plugin does not answer this"),
        _("Choose one of the hooks, and of the events, that the plugin names."),
    ),
)
TEXT: dict[str, Any] = {"type": "string"}
AUDITED = points.closed(
    {
        "action": {**TEXT, "examples": ["config.set"]},
        "actor": {**TEXT, "examples": ["user:018f0000-0000-7000-8000-000000000000"]},
        "actor_kind": {"enum": ["user", "api_key", "system", "plugin", "anonymous"]},
        "resource_type": {**TEXT, "examples": ["config"]},
        "resource_id": TEXT,
        "result": {"enum": ["ok", "denied", "failed"]},
        "payload": {"type": "object"},
    }
)
NOTIFIED = points.closed(
    {
        "id": {**TEXT, "format": "uuid"},
        "user_id": {**TEXT, "format": "uuid"},
        "type": {**TEXT, "examples": ["task"]},
        "title": TEXT,
        "content": TEXT,
        "link": TEXT,
    }
)
EVENTS = (
    EventType("audit.recorded", events.AUDIT, AUDITED, _("Somebody did something")),
    EventType("config.changed", events.AUDIT, AUDITED, _("A setting was changed")),
    EventType("plugin.state_changed", events.AUDIT, AUDITED, _("A plugin's state changed")),
    EventType("backup.finished", events.AUDIT, AUDITED, _("A backup was made, or failed")),
    EventType("audit.broken", events.AUDIT, AUDITED, _("The audit log does not verify")),
    EventType("notification.created", events.NOTIFICATION, NOTIFIED, _("Somebody was notified")),
)
# The database reads this one where the platform's own events are written.
PLATFORM_EVENTS = Definition(
    key="plugins.platform_events_workspace",
    kind=INTEGER,
    default=0,
    low=0,
    high=2**53 - 1,
    scopes=frozenset({GLOBAL}),
    group="plugins",
    title=_("Workspace that hears of the platform"),
    help=_(
        "Its plugins are told when a backup ends or the platform's audit log breaks. 0: nobody is."
    ),
)
TILES = (
    ("plugin_dead", _("Events given up"), "cross", tiles.dead, 70),
    ("plugin_circuits", _("Plugins that keep failing"), "plug", tiles.open_circuits, 71),
)
GONE = Letter(
    _("The plugin %(plugin)s was switched off"),
    (
        _("Its receiver answered that it wants no more events, so it was switched off."),
        _("If that was a mistake, mend the receiver and switch the plugin on again."),
    ),
    action=_("See the plugin"),
    level="warning",
)
REMOVAL = DeletionStep("laojun.remove_deliveries", deliveries.remove, 40)


def declare() -> None:
    actions(ACTIONS)
    problems(PROBLEMS)
    hooks.add(points.EVENT_SINK.name, points.EVENT_SINK)
    for own in declaring.OWN:
        builtins.add(own.slug, own)
    for kind in EVENTS:
        events.types.add(kind.key, kind)
    definitions.define(PLATFORM_EVENTS)
    console("plugindelivery", view="plugin.view", change="plugin.configure")
    for key, label, icon, build, order in TILES:
        registry.console_tiles.add(
            key, ConsoleTile(key, label, icon, build, order, permission="plugin.view")
        )
    registry.deletion_steps.add(REMOVAL.key, REMOVAL)
    registry.letters.add("plugin_gone", GONE)
    registry.link_resolvers.add("plugin", lambda key: reverse("workspace_plugin", args=[key]))
    registry.demo_steps.add("plugins", demo.seed)
    schedules(
        Schedule("laojun.plugin_deliveries", pumping.start, every_s=2, queue="notifications"),
    )
