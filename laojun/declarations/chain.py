"""The chain of the audit log: what runs by itself, what people ask for, and what operators see of it."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import ConsoleTile, Job, Schedule
from laojun.chain import alarms, anchors, exporting, figures, inspections
from laojun.declarations.entries import actions, console, schedules

ACTIONS = {
    "audit.verification_asked": _("asked whether the audit log is whole"),
    "audit.verified": _("verified the audit log"),
    "audit.broken": _("found the audit log tampered with"),
    "audit.checkpointed": _("let a month of the audit log go into the archive"),
    "audit.key_rotated": _("made a new key for the anchors"),
}
TILES = (
    ("audit_seal_lag", _("Seal lag"), "clock", figures.seal_lag),
    ("audit_anchor", _("Last anchor"), "shield", figures.last_anchor),
    ("audit_verified", _("Audit verified"), "check", figures.last_verification),
    ("audit_broken", _("Broken audit chains"), "warning", figures.broken),
)
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
    schedules(
        Schedule("laojun.audit_seal", anchors.seal_and_anchor, every_s=2),
        Schedule("laojun.audit_anchor", every_minute, every_s=anchors.EVERY_S),
        Schedule("laojun.audit_check", inspections.nightly, cron="20 1 * * *"),
    )


def every_minute() -> None:
    """Anchor what was sealed, then look whether anything needs a person."""
    anchors.anchor()
    alarms.look()
