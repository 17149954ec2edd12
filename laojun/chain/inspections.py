"""Verification as people ask for it: run, remembered with the chain, recorded, and told to operators when it is bad."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts import registry, tenancy
from accounts.registry import JobFailed, Progress, unwatched
from laojun import audit
from laojun.audit import Actor, Target
from laojun.chain import alarms, archived, verifying
from laojun.chain.verdicts import INTACT, Report, Verdict
from laojun.chain.verifying import Wanted
from laojun.models import AuditChain

KIND = "laojun.audit_verify"
NIGHTLY = Actor.system("audit_check")
SCHEMA = {
    "type": "object",
    "properties": {
        "chain": {"type": ["integer", "null"]},
        "from": {"type": ["string", "null"]},
        "archives": {"type": "boolean"},
        "actor": {"type": "array", "items": {"type": ["string", "null"]}},
    },
    "required": ["chain", "actor"],
    "additionalProperties": False,
}


def ask(
    *,
    by: Actor,
    chain: int | None,
    workspace: int | None = None,
    since: datetime | None = None,
    archives: bool = False,
) -> Any:
    """Let a worker verify one chain (or all: None) and return the task; one at a time for each place.

    The wish leaves a row, and the verdict another one.
    """
    audit.record(
        actor=by,
        action="audit.verification_asked",
        target=_target([] if chain is None else [chain]),
        details={"from": since, "archives": archives},
    )
    return registry.enqueue(
        kind=KIND,
        payload={
            "chain": chain,
            "from": since.isoformat() if since else None,
            "archives": archives,
            "actor": [by.name, by.kind, str(by.id) if by.id else None],
        },
        workspace=workspace,
        user=by.id,
        dedup_key=KIND if workspace else f"{KIND}:{chain}",
    )


def run(payload: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The task: verify, and give the report as JSON. Raises JobFailed."""
    name, kind, user = payload["actor"]
    chain = payload["chain"]
    wanted = Wanted(
        chains=None if chain is None else [chain],
        since=parse_datetime(payload.get("from") or ""),
        archives=payload.get("archives", False),
    )
    try:
        report = inspect(
            wanted=wanted, by=Actor(name, kind, UUID(user) if user else None), progress=progress
        )
    except archived.NoArchives as error:
        raise JobFailed(
            "no_archives", _("This installation keeps no archives of the log.")
        ) from error
    except OSError as error:
        raise JobFailed("anchors_unreadable", _("The anchor files cannot be read.")) from error
    return report.plain()


def nightly() -> int:
    """Verify every chain; the schedule of the night. Returns how many are not intact."""
    report = inspect(wanted=Wanted(), by=NIGHTLY)
    return sum(verdict.state != INTACT for verdict in report.verdicts)


def inspect(*, wanted: Wanted, by: Actor, progress: Progress = unwatched) -> Report:
    """Verify, keep what was found with each chain, record it, and raise the alarm. Raises OSError, NoArchives."""
    began = timezone.now()
    report = verifying.verify(wanted=wanted, progress=progress)
    for verdict in report.verdicts:
        _keep(verdict, began, is_whole=wanted.since is None)
    _record(report, wanted, by)
    alarms.sound(report)
    return report


def _keep(verdict: Verdict, at: datetime, *, is_whole: bool) -> None:
    """Only a walk from the beginning counts as verified and mends a chain's state."""
    values: dict[str, Any] = {"verdict": verdict.plain(), "verified_at": at}
    if verdict.state == INTACT and is_whole:
        restored = AuditChain.Status.RESTORED
        values["verified_seq"] = verdict.last
        values["status"] = restored if verdict.branches else AuditChain.Status.OK
    elif verdict.bad is not None:
        values["status"] = AuditChain.Status.BROKEN
    with tenancy.sealer_scope():
        AuditChain.objects.filter(pk=verdict.chain_id).update(**values)


def _record(report: Report, wanted: Wanted, by: Actor) -> None:
    """One row: in the workspace's own log where one chain was asked for, else in the platform's."""
    target = _target(list(wanted.chains or []))
    details = {"state": report.state, "rows": report.rows, "chains": len(report.verdicts)}
    _in_place(
        target.workspace_id,
        lambda: audit.record(actor=by, action="audit.verified", target=target, details=details),
    )


def _target(chains: list[int]) -> Target:
    if len(chains) != 1:
        return Target("audit_chain", "all", platform=True)
    (chain,) = chains
    return Target("audit_chain", str(chain), platform=not chain, workspace_id=chain or None)


def _in_place(workspace_id: int | None, write: Callable[[], None]) -> None:
    if workspace_id is None:
        write()
        return
    with tenancy.workspace(workspace_id):
        write()
