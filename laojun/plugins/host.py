"""Ask the plugins of a hook and hand their answers back in order; what a plugin does wrong stays its own problem."""

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.utils import timezone

from accounts import news, tenancy
from accounts.ids import uuid7
from accounts.models import Workspace
from laojun import audit
from laojun.models import PluginDelivery, PluginInstance
from laojun.plugins import calling, circuit, instances, runnables
from laojun.plugins.builtins import builtins
from laojun.plugins.calling import Call
from laojun.plugins.hooks import HookPoint, hooks
from laojun.plugins.outcomes import Outcome
from laojun.plugins.runnables import Runnable

# Ten plugins in two rounds: the whole takes at most twice what one may take, and each has its full time.
AT_ONCE = 5


class UnknownHook(LookupError):
    """No app declares this hook."""


@dataclass(frozen=True)
class Answer:
    """What one plugin said. A caller uses `outcome.output` where `outcome.is_ok`, else its own original."""

    slug: str
    outcome: Outcome


def call(hook: str, workspace_id: int, payload: Any) -> list[Answer]:
    """Ask every plugin on a hook, each with what it may see of `payload`, and wait for all of them.

    Answers come by priority, then slug. Every call leaves a row. Takes at most twice the hook's deadline. Waits,
    so never inside a transaction. Raises UnknownHook.
    """
    point = known(hook)
    with tenancy.workspace(workspace_id):
        asked = [
            _admitted(one) for one in runnables.on_hook(hook, workspace_id) if _answers(one, hook)
        ]
    if not asked:
        return []
    outcomes = _together([_question(point, one, payload) for one in asked])
    with tenancy.workspace(workspace_id):
        return [
            Answer(one.runnable.slug, _settle(point, one.runnable, outcome))
            for one, outcome in zip(asked, outcomes, strict=True)
        ]


def is_used(hook: str, workspace_id: int) -> bool:
    """Whether `call` would ask anybody here."""
    with tenancy.workspace(workspace_id):
        return any(_answers(one, hook) for one in runnables.on_hook(hook, workspace_id))


def _answers(runnable: Runnable, hook: str) -> bool:
    """A plugin of the platform may be part of its caller, which then runs it without asking."""
    if runnable.kind != "builtin":
        return True
    known_one = builtins.get(runnable.slug)
    return known_one is not None and hook in known_one.run


def known(hook: str) -> HookPoint:
    """Raises UnknownHook."""
    found = hooks.get(hook)
    if found is None:
        raise UnknownHook(hook)
    return found


@dataclass(frozen=True)
class _Admitted:
    runnable: Runnable
    may_start: bool


def _admitted(runnable: Runnable) -> _Admitted:
    """Ask the circuit. A probe is written down at once, so that no other process sends a second one."""
    permit = circuit.admit(runnable.circuit, timezone.now())
    if permit.allowed and permit.circuit is not None:
        mine = PluginInstance.objects.filter(pk=runnable.instance_id)
        taken = mine.filter(circuit=runnable.circuit).update(circuit=permit.circuit)
        return _Admitted(runnable, bool(taken))
    return _Admitted(runnable, permit.allowed)


def _question(point: HookPoint, asked: _Admitted, payload: Any) -> Callable[[], Outcome]:
    if not asked.may_start:
        return lambda: Outcome(code="circuit_open")
    seen = calling.shown(point, payload, asked.runnable.granted)
    question = Call(hook=point, id=uuid7(), shown=seen, seconds=point.deadline_s)
    return lambda: calling.run(asked.runnable, question)


def _together(questions: list[Callable[[], Outcome]]) -> list[Outcome]:
    """Run them side by side, so that a slow one takes no other's time. A single one needs no thread."""
    if len(questions) == 1:
        return [questions[0]()]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="plugin") as pool:
        pending = [pool.submit(contextvars.copy_context().run, _alone, one) for one in questions]
        return [future.result() for future in pending]


def _alone(question: Callable[[], Outcome]) -> Outcome:
    try:
        return question()
    finally:
        connections.close_all()


def _settle(point: HookPoint, runnable: Runnable, outcome: Outcome) -> Outcome:
    """Write the call down. What was blocked or replaced while it ran has said nothing."""
    if runnable.instance_id is not None and outcome.code != "circuit_open":
        outcome = _still_wanted(runnable, outcome)
        keep_circuit(runnable.instance_id, ok=outcome.is_ok)
    note(point.name, runnable, outcome)
    return outcome


def _still_wanted(runnable: Runnable, outcome: Outcome) -> Outcome:
    rows = PluginInstance.objects.runnable().filter(
        pk=runnable.instance_id, version_id=runnable.version_id
    )
    if rows.exclude(plugin__status="blocked").exists():
        return outcome
    return outcome.failed("abandoned", "switched off while it ran")


def keep_circuit(instance_id: int, *, ok: bool) -> None:
    """Let a call's end count. A healthy plugin that goes on working is only read."""
    row = PluginInstance.objects.select_for_update(of=("self",)).filter(pk=instance_id).first()
    if row is None:
        return
    now = circuit.after(row.circuit, ok=ok, now=timezone.now())
    if now == row.circuit:
        return
    row.circuit = now
    fields = ["circuit"]
    wanted = PluginInstance.Health.DEGRADED if circuit.is_open(now) else PluginInstance.Health.OK
    if row.health in ("ok", "degraded") and row.health != wanted:
        row.health = wanted
        fields.append("health")
    row.save(update_fields=fields)


def switch_off(instance_id: int, reason: str) -> None:
    """Turn a plugin off because its receiver said so. The caller stands in the workspace."""
    row = PluginInstance.objects.with_version().select_for_update(of=("self",)).get(pk=instance_id)
    if not row.enabled:
        return
    actor = audit.Actor.system("plugins")
    instances.change(instance=row, wishes=instances.Wishes(enabled=False), actor=actor)
    PluginInstance.objects.filter(pk=row.pk).update(health_detail={"code": reason})
    with tenancy.platform_scope(reason="the owner of a workspace is told of a plugin"):
        owner = Workspace.objects.select_related("owner").get(pk=row.workspace_id).owner
    news.tell(
        "plugin_gone",
        user=owner,
        link=("plugin", row.pk),
        workspace_id=row.workspace_id,
        dedup_key=f"plugin_gone:{row.pk}",
        plugin=row.plugin.slug,
    )


def note(hook: str, runnable: Runnable, outcome: Outcome) -> PluginDelivery:
    """The row of a call that was awaited. The caller stands in the workspace."""
    return PluginDelivery.objects.create(
        workspace_id=runnable.workspace_id,
        plugin_id=runnable.plugin_id,
        instance_id=runnable.instance_id,
        version_id=runnable.version_id,
        hook=hook,
        mode=PluginDelivery.Mode.SYNC,
        state="delivered" if outcome.is_ok else "failed",
        attempts=1,
        trace_id=audit.current_facts().trace_id,
        **facts(outcome),
    )


def facts(outcome: Outcome) -> dict[str, Any]:
    """The columns of a delivery that tell how a call ended."""
    return {
        "status_code": outcome.status_code,
        "duration_ms": outcome.duration_ms,
        "bytes_in": outcome.bytes_in,
        "bytes_out": outcome.bytes_out,
        "error_code": outcome.code,
        "error": "\n".join(part for part in (outcome.detail, outcome.log) if part).replace(
            "\x00", "\ufffd"
        )[:2048],
    }
