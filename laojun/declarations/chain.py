"""The chain of the audit log: what runs by itself, what people ask for, and what operators see of it."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import (
    ConsoleTile,
    Job,
    LeavingMonth,
    Letter,
    RestoreStep,
    Schedule,
)
from laojun.chain import (
    anchors,
    archived,
    checkpoints,
    exporting,
    figures,
    inspections,
    keeping,
    ticking,
)
from laojun.declarations.entries import actions, console, schedules
from laojun.retention import chains

ACTIONS = {
    "audit.verification_asked": _("asked whether the audit log is whole"),
    "audit.verified": _("verified the audit log"),
    "audit.broken": _("found the audit log tampered with"),
    "audit.checkpointed": _("archived a month of the audit log"),
    "audit.key_rotated": _("made a new key for the anchors"),
}
TILES = (
    ("audit_seal_lag", _("Seal lag"), "clock", figures.seal_lag),
    ("audit_anchor", _("Last anchor"), "shield", figures.last_anchor),
    ("audit_verified", _("Audit verified"), "check", figures.last_verification),
    ("audit_broken", _("Broken audit chains"), "warning", figures.broken),
)
LETTERS = {
    "audit_broken": Letter(
        _("The audit log was tampered with"),
        (
            _("Chain %(chain)s does not verify any more. The console names the first bad row."),
            _(
                "Other chains and all work go on. Keep the database and the anchor files as they are."
            ),
        ),
        category="security",
        level="error",
    ),
    "audit_seal_lag": Letter(
        _("The audit log waits for its seal"),
        (_("The oldest row has waited for %(seconds)s seconds. Look whether a worker runs."),),
        level="warning",
    ),
    "audit_anchor_sink": Letter(
        _("Anchors of the audit log cannot be written"),
        (_("%(sinks)s does not take them. They follow when it works again; look at the disk."),),
        level="warning",
    ),
}
HOUR_S = 3600


def declare() -> None:
    actions(ACTIONS)
    for model in ("auditchain", "auditanchor", "auditcheckpoint"):
        console(model, view="audit.view", change="audit.view")
    for order, (key, label, icon, build) in enumerate(TILES, start=40):
        tile = ConsoleTile(key, label, icon, build, order, "audit.view")
        registry.console_tiles.add(key, tile)
    for job in (
        Job(
            ticking.BACKLOG,
            ticking.seal_backlog,
            ticking.NO_PAYLOAD,
            queue="maintenance",
            label=_("Seal the audit log"),
            watched=True,
            timeout_s=6 * HOUR_S,
        ),
        Job(
            inspections.KIND,
            inspections.run,
            inspections.SCHEMA,
            queue="maintenance",
            label=_("Verify the audit log"),
            watched=True,
            for_workspace=True,
            timeout_s=6 * HOUR_S,
        ),
        Job(
            exporting.KIND,
            exporting.run,
            exporting.SCHEMA,
            queue="maintenance",
            label=_("Export the audit log"),
            watched=True,
            for_workspace=True,
            timeout_s=2 * HOUR_S,
        ),
    ):
        registry.jobs.add(job.name, job)
    for key, letter in LETTERS.items():
        registry.letters.add(key, letter)
    registry.leaving_months.add(
        "lao_audit_logs", LeavingMonth(checkpoints.why_stays, keeping.leave)
    )
    registry.after_restore.add(
        "laojun.audit_branch", RestoreStep("laojun.audit_branch", keeping.close_branch, 40)
    )
    archived.audit_archives.fill(chains.rows)
    schedules(
        Schedule("laojun.audit_seal", ticking.seal, every_s=2),
        Schedule("laojun.audit_anchor", ticking.each_minute, every_s=anchors.EVERY_S),
        Schedule("laojun.audit_check", inspections.nightly, cron="20 1 * * *"),
    )
