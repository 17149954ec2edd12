"""The outbox of events: claimed under a lease, told, tried again, given up, and what people may do about it."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts import tenancy
from accounts.authentication import Principal
from accounts.ids import uuid7
from laojun import audit
from laojun.models import PluginDelivery, PluginInstance
from laojun.plugins import calling, circuit, events, host, points, runnables, samples, starting
from laojun.plugins.calling import Call
from laojun.plugins.hooks import hooks
from laojun.plugins.outcomes import Outcome
from laojun.plugins.runnables import Runnable

State = PluginDelivery.State
# After the first try; each ± 20 %, then the event is given up.
RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0, 3600.0, 21_600.0)
JITTER = 0.2
PER_INSTANCE = 4
JUDGED_WITHIN = timedelta(seconds=2)
MAX_ANSWER_BYTES = 16 * 1024
KEPT, DEAD_KEPT = timedelta(days=30), timedelta(days=90)
BATCH = 1000
REASON = "deliveries to plugins"
# A few of each instance, so that a slow receiver with a long queue holds nobody else up.
DUE = f"""
    SELECT taken.id FROM (
        SELECT DISTINCT instance_id FROM lao_plugin_deliveries
        WHERE (state = 'pending' AND next_attempt_at <= %(now)s)
           OR (state = 'sending' AND lease_until < %(now)s)
    ) waiting CROSS JOIN LATERAL (
        SELECT id, next_attempt_at FROM lao_plugin_deliveries d
        WHERE d.instance_id = waiting.instance_id
          AND ((state = 'pending' AND next_attempt_at <= %(now)s)
            OR (state = 'sending' AND lease_until < %(now)s))
        ORDER BY next_attempt_at LIMIT GREATEST(0, {PER_INSTANCE} - COALESCE((
            SELECT busy.count FROM unnest(%(busy)s::bigint[], %(counts)s::integer[])
                AS busy (id, count) WHERE busy.id = waiting.instance_id), 0))
        FOR UPDATE SKIP LOCKED
    ) taken ORDER BY taken.next_attempt_at LIMIT %(most)s
"""


class NotDead(Exception):
    """Only what was given up can be sent again."""

    code = "not_dead"


class HookNotOffered(Exception):
    """The plugin does not answer this hook, or there is nothing to try it with."""

    code = "hook_not_offered"


@dataclass(frozen=True)
class Claimed:
    """A delivery this process may send."""

    delivery: PluginDelivery
    runnable: Runnable


def claim(
    *, most: int, busy: Mapping[int, int] | None = None, now: datetime | None = None
) -> list[Claimed]:
    """Take what is due under a lease. What may no longer be told is skipped; an open circuit makes it wait, and
    so does a plugin that is still to be verified by a process that has just begun.

    `busy` counts what the caller has under way for each instance; it gets a few of each at most. One short transaction in the platform scope; two claimants never get the same row.
    """
    at = now or timezone.now()
    with tenancy.platform_scope(reason=REASON):
        while ids := _due(at, most, busy or {}):
            rows = list(PluginDelivery.objects.filter(pk__in=ids).order_by("next_attempt_at"))
            asked = {row.instance_id for row in rows if row.instance_id}
            running, unjudged = _running(asked)
            for row in rows:
                if row.instance_id in unjudged:
                    _wait(row, at + JUDGED_WITHIN)
            judged = [row for row in rows if row.instance_id not in unjudged]
            taken = [_take(row, running, at) for row in judged]
            if found := [one for one in taken if one is not None]:
                return found
    return []


def _due(at: datetime, most: int, busy: Mapping[int, int]) -> list[UUID]:
    values: dict[str, Any] = {
        "now": at,
        "most": most,
        "busy": list(busy),
        "counts": list(busy.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(DUE, values)
        return [row[0] for row in cursor.fetchall()]


def lease() -> timedelta:
    """How long a sender may take before somebody else sends it again."""
    return timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)


def _running(instance_ids: set[int]) -> tuple[dict[int, Runnable], set[int]]:
    """Those that may be called, by id; and those that this process, which has just begun, has still to verify."""
    rows = PluginInstance.objects.runnable().with_version().filter(pk__in=instance_ids)
    locked = list(rows.select_for_update(of=("self",)).order_by("pk"))
    found = {one.instance_id: one for one in runnables.of_instances(locked) if one.instance_id}
    return found, {row.pk for row in locked if not starting.cleared(row.version)}


def _wait(row: PluginDelivery, until: datetime) -> None:
    _move(row, state=State.PENDING, lease_until=None, next_attempt_at=until)


def _take(row: PluginDelivery, running: dict[int, Runnable], at: datetime) -> Claimed | None:
    runnable = running.get(row.instance_id or 0)
    if runnable is None or not _may_hear(row, runnable):
        _move(row, state=State.SKIPPED, lease_until=None, next_attempt_at=None)
        return None
    permit = circuit.admit(runnable.circuit, at)
    if not permit.allowed:
        _wait(row, permit.wait_until or at)
        return None
    if permit.circuit is not None:
        PluginInstance.objects.filter(pk=runnable.instance_id).update(circuit=permit.circuit)
        running[row.instance_id or 0] = replace(runnable, circuit=permit.circuit)
    _move(row, state=State.SENDING, lease_until=at + lease(), fence=row.fence + 1)
    return Claimed(row, runnable)


def _may_hear(row: PluginDelivery, runnable: Runnable) -> bool:
    """Whether hook and consent that the event was written for still stand; a test shows made-up data to anybody."""
    if row.hook not in hooks:
        return False
    if row.is_test:
        return True
    found = events.types.get(row.event_type)
    return found is not None and found.permission in runnable.granted


def _move(row: PluginDelivery, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))


def send(claimed: Claimed) -> Outcome:
    """Tell one plugin one thing. Waits; never inside a transaction."""
    row, runnable = claimed.delivery, claimed.runnable
    with tenancy.adopted(tenancy.Context(workspace_id=row.workspace_id)):
        point = host.known(row.hook)
        question = Call(
            hook=point,
            id=row.event_id or row.pk,
            shown=_shown(row, runnable, point.name),
            seconds=point.deadline_s,
        )
        return calling.run(runnable, question)


def _shown(row: PluginDelivery, runnable: Runnable, hook: str) -> Any:
    if hook == points.EVENT_SINK.name:
        granted = runnable.granted
        if row.is_test:
            granted |= {events.types[row.event_type].permission}
        return events.as_cloud_event(row, granted, settings.PUBLIC_URL.rstrip("/"))
    return calling.shown(host.known(hook), row.payload, runnable.granted)


def settle(claimed: Claimed, outcome: Outcome, *, now: datetime | None = None) -> bool:
    """Write down how a delivery ended. False when another process has it by now: then nothing is changed."""
    at = now or timezone.now()
    row = claimed.delivery
    with tenancy.workspace(row.workspace_id):
        mine = PluginDelivery.objects.filter(pk=row.pk, state=State.SENDING, fence=row.fence)
        changes = _ending(row, outcome, at) | host.facts(outcome)
        changes |= {"lease_until": None, "attempts": row.attempts + 1}
        if not mine.update(**changes):
            return False
        if row.instance_id is not None:
            host.keep_circuit(row.instance_id, ok=outcome.is_ok)
            if outcome.code == "gone" and not row.is_test:
                host.switch_off(row.instance_id, "gone")
    return True


def _ending(row: PluginDelivery, outcome: Outcome, at: datetime) -> dict[str, Any]:
    """A try counts once it has ended: senders that were killed cost the event none."""
    tries = row.attempts + 1
    if outcome.is_ok:
        answer = _kept(outcome.output) if row.is_test else None
        return {
            "state": State.DELIVERED,
            "payload": None,
            "answer": answer,
            "next_attempt_at": None,
        }
    if row.is_test:
        return {"state": State.FAILED, "next_attempt_at": None}
    if outcome.code == "gone" or tries > len(RETRY_SECONDS):
        return {"state": State.DEAD, "next_attempt_at": None}
    return {"state": State.PENDING, "next_attempt_at": at + wait(tries, outcome.retry_after)}


def _kept(answer: Any) -> Any:
    """What a test shows of an answer; a long one is told by its length."""
    length = len(orjson.dumps(answer))
    return answer if length <= MAX_ANSWER_BYTES else {"truncated": True, "bytes": length}


def wait(attempts: int, wished: float | None = None) -> timedelta:
    """How long until the next try, after so many; never sooner than the receiver wished."""
    seconds = RETRY_SECONDS[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    return timedelta(seconds=max(seconds, wished or 0.0))


def retry(*, delivery: PluginDelivery, by: audit.Actor | Principal) -> PluginDelivery:
    """Send once more what was given up, with fresh tries and the same id. Raises NotDead."""
    rows = PluginDelivery.objects.filter(pk=delivery.pk, state=State.DEAD)
    if not rows.update(state=State.PENDING, attempts=0, next_attempt_at=timezone.now()):
        raise NotDead
    audit.record(
        actor=by,
        action="plugin.delivery_replayed",
        target=audit.Target(
            "plugin_delivery", str(delivery.pk), workspace_id=delivery.workspace_id
        ),
        details={"event_type": delivery.event_type, "event_id": str(delivery.event_id)},
    )
    delivery.refresh_from_db()
    return delivery


def try_out(
    *, instance: PluginInstance, hook: str, by: Principal, event: str = ""
) -> PluginDelivery:
    """Ask for a call with made-up data; the next turn of the dispatcher makes it. Raises HookNotOffered."""
    if hook not in instance.version.hooks or hook not in hooks:
        raise HookNotOffered
    is_event = hook == points.EVENT_SINK.name
    kind = (event or samples.first_event(instance.version.permissions)) if is_event else ""
    if is_event and kind not in events.types:
        raise HookNotOffered
    row = PluginDelivery.objects.create(
        workspace_id=instance.workspace_id,
        plugin_id=instance.plugin_id,
        instance=instance,
        version_id=instance.version_id,
        hook=hook,
        mode=host.known(hook).mode,
        is_test=True,
        event_id=uuid7(),
        event_type=kind,
        payload=samples.payload(hook, kind),
        state=State.PENDING,
        next_attempt_at=timezone.now(),
        trace_id=audit.current_facts().trace_id,
    )
    audit.record(
        actor=by,
        action="plugin.tested",
        target=("plugin_instance", instance.pk),
        details={"hook": hook, "event_type": kind},
    )
    return row


def hold() -> int:
    """Hold back everything that waits: after a restore it may have gone out already. Returns how many."""
    waiting = PluginDelivery.objects.filter(state__in=[State.PENDING, State.SENDING])
    return waiting.update(state=State.HELD, lease_until=None, next_attempt_at=None)


def release(ids: list[UUID], *, send_them: bool) -> int:
    """Let what was held back go out after all, or never."""
    held = PluginDelivery.objects.filter(pk__in=ids, state=State.HELD)
    if send_them:
        return held.update(state=State.PENDING, next_attempt_at=timezone.now())
    return held.update(state=State.SKIPPED)


def old(now: datetime) -> Any:
    """Calls of 30 days ago, what was given up of 90; what still waits is none of them."""
    ended = PluginDelivery.objects.exclude(state__in=[State.PENDING, State.SENDING, State.HELD])
    limits = Q(created_at__lt=now - KEPT) & ~Q(state=State.DEAD)
    return ended.filter(limits | Q(state=State.DEAD, created_at__lt=now - DEAD_KEPT))


def hold_all() -> int:
    """Hold back what waits or was on its way, in every workspace. Returns how many."""
    with tenancy.platform_scope(reason=REASON):
        return hold()


def remove(*, workspace_id: int) -> int:
    """A batch of the calls that a workspace leaves behind."""
    mine = PluginDelivery.objects.filter(workspace_id=workspace_id)
    ids = list(mine.values_list("pk", flat=True)[:BATCH])
    return int(mine.filter(pk__in=ids).delete()[0])
