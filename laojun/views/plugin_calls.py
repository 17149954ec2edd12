"""The last calls of a plugin, one to try it out, and what was given up sent once more."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.authentication import Principal
from accounts.web.access import needs, principal_of
from laojun.models import PluginDelivery, PluginInstance
from laojun.plugins import catalogue, deliveries, events, points
from laojun.plugins.deliveries import HookNotOffered, NotDead
from laojun.plugins.hooks import hooks
from laojun.plugins.outcomes import WORDS

SHOWN = 50
State = PluginDelivery.State
UNDER_WAY = {State.PENDING, State.SENDING}
# How the states look beside those of tasks.
SEEN_AS = {
    State.PENDING: "queued",
    State.SENDING: "running",
    State.DELIVERED: "succeeded",
    State.FAILED: "failed",
    State.DEAD: "failed",
    State.SKIPPED: "cancelled",
    State.HELD: "queued",
}


@needs("plugin.view")
@require_safe
def overview(request: HttpRequest, instance_id: int) -> HttpResponse:
    """The page, or for htmx the part that shows the calls, which asks again while a test is under way."""
    principal = principal_of(request)
    instance = _instance(principal, instance_id)
    calls = PluginDelivery.objects.visible_to(principal).filter(instance=instance)
    rows = list(calls.newest_first().defer("payload")[:SHOWN])
    context: dict[str, Any] = {
        "instance": instance,
        "name": catalogue.name_of(instance.version),
        "calls": [_shown(row) for row in rows],
        "is_waiting": any(row.is_test and row.state in UNDER_WAY for row in rows),
        "may_act": principal.may("plugin.configure"),
        "trials": _trials(instance) if instance.enabled else [],
    }
    part = request.headers.get("HX-Request") == "true"
    name = "laojun/_plugin_call_list.html" if part else "laojun/plugin_calls.html"
    return render(request, name, context)


@needs("plugin.configure")
@require_POST
def try_out(request: HttpRequest, instance_id: int) -> HttpResponse:
    """Ask for one call with made-up data. What to try is `hook` or `hook event`."""
    principal = principal_of(request)
    hook, _space, event = request.POST.get("trial", "").partition(" ")
    try:
        deliveries.try_out(
            instance=_instance(principal, instance_id), hook=hook, event=event, by=principal
        )
    except HookNotOffered:
        messages.error(request, _("The plugin does not answer this. Choose one of the list."))
    return redirect("workspace_plugin_calls", instance_id)


@needs("plugin.configure")
@require_POST
def retry(request: HttpRequest, instance_id: int, delivery_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    calls = PluginDelivery.objects.visible_to(principal).filter(instance_id=instance_id)
    row = get_object_or_404(calls, pk=delivery_id)
    try:
        deliveries.retry(delivery=row, by=principal)
        messages.success(request, _("It is sent once more."))
    except NotDead:
        messages.error(request, _("It was not given up, so there is nothing to send again."))
    return redirect("workspace_plugin_calls", instance_id)


def _instance(principal: Principal, instance_id: int) -> PluginInstance:
    rows = PluginInstance.objects.visible_to(principal).with_version()
    return get_object_or_404(rows, pk=instance_id)


def _shown(row: PluginDelivery) -> dict[str, Any]:
    return {
        "row": row,
        "seen": SEEN_AS[State(row.state)],
        "word": row.get_state_display(),
        "failure": WORDS.get(row.error_code, row.error_code),
        "answer": json.dumps(row.answer, ensure_ascii=False, indent=2) if row.answer else "",
    }


def _trials(instance: PluginInstance) -> list[tuple[str, Any]]:
    """What can be tried: each hook the plugin answers, for the event sink each event it may hear of."""
    found: list[tuple[str, Any]] = []
    for name in instance.version.hooks:
        if name == points.EVENT_SINK.name:
            heard = instance.version.permissions
            found += [
                (f"{name} {key}", kind.label)
                for key, kind in events.types.items()
                if kind.permission in heard
            ]
        elif name in hooks:
            found.append((name, hooks[name].label))
    return found
