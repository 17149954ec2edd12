"""What becomes of a plugin and its versions: opened, deprecated, blocked, withdrawn, handed over.

Blocking is the kill switch: the health of every instance changes in the same transaction, and no process starts
a new call once it is committed.
"""

from django.utils import timezone

from laojun.audit import Actor
from laojun.models import Plugin, PluginInstance, PluginVersion
from laojun.plugins import generation, health, policy, recording
from laojun.plugins.installing import lock_slug, subject_of
from laojun.plugins.refusals import IllegalTransition, InUse

Status = Plugin.Status
TRANSITIONS = {
    Status.DRAFT: {Status.ACTIVE, Status.BLOCKED},
    Status.ACTIVE: {Status.DEPRECATED, Status.BLOCKED},
    Status.DEPRECATED: {Status.ACTIVE, Status.BLOCKED},
    Status.BLOCKED: {Status.DEPRECATED},
}
MAX_REASON = 500


class ReasonMissing(Exception):
    """This needs a reason that people can read."""


def change(*, plugin: Plugin, status: str, reason: str, actor: Actor) -> Plugin:
    """Move a plugin to another status. `plugin` is locked by the caller.

    Runs where its instances are: in its workspace, or for the catalogue in the platform scope.
    Raises IllegalTransition, ReasonMissing.
    """
    if status not in TRANSITIONS[Status(plugin.status)]:
        raise IllegalTransition(f"{plugin.status} to {status}", current=plugin.status)
    if status == Status.BLOCKED and not reason.strip():
        raise ReasonMissing
    if status == Status.ACTIVE and not _has_runnable(plugin):
        raise IllegalTransition("no version of it can run here", current=plugin.status)
    before = _facts(plugin)
    plugin.status = status
    plugin.status_reason = reason.strip()[:MAX_REASON]
    plugin.blocked_at = timezone.now() if status == Status.BLOCKED else None
    plugin.save(update_fields=["status", "status_reason", "blocked_at", "updated_at"])
    plugin.refresh_from_db(fields=["row_version"])
    _record(plugin, "plugin.status_changed", actor, before)
    recheck(plugin)
    return plugin


def delete_draft(*, plugin: Plugin, actor: Actor) -> None:
    """Take away a plugin nobody could use yet. `plugin` is locked by the caller. Raises IllegalTransition, InUse."""
    if plugin.status != Status.DRAFT:
        raise IllegalTransition(f"{plugin.status} to deleted", current=plugin.status)
    if plugin.instances.exists():
        raise InUse(plugin.slug, users=[])
    recording.record(
        actor=actor,
        action="plugin.status_changed",
        subject=subject_of(plugin),
        change=(_facts(plugin), {}),
    )
    generation.moved(plugin.workspace_id)
    plugin.delete()


def yank(*, version: PluginVersion, yanked: bool, reason: str, actor: Actor) -> PluginVersion:
    """Withdraw a version, or take that back: nobody is moved to it, and nothing that runs is stopped.

    `version` is locked by the caller. Raises IllegalTransition, ReasonMissing.
    """
    if yanked == (version.yanked_at is not None):
        raise IllegalTransition("it is so already")
    if yanked and not reason.strip():
        raise ReasonMissing
    before = {"yanked": version.yanked_at is not None, "reason": version.yank_reason}
    version.yanked_at = timezone.now() if yanked else None
    version.yank_reason = reason.strip()[:MAX_REASON] if yanked else ""
    version.save(update_fields=["yanked_at", "yank_reason"])
    recording.record(
        actor=actor,
        action="plugin.yanked",
        subject=subject_of(version.plugin),
        change=(before, {"yanked": yanked, "reason": version.yank_reason}),
        moved=(version.version, ""),
    )
    recheck(version.plugin)
    return version


def transfer(*, plugin: Plugin, publisher: str, reason: str, actor: Actor) -> Plugin:
    """Hand a plugin to another publisher: from now on packages must name that one. Raises ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    before = _facts(plugin)
    plugin.publisher = publisher
    plugin.save(update_fields=["publisher", "updated_at"])
    recording.record(
        actor=actor,
        action="plugin.publisher_transferred",
        subject=subject_of(plugin),
        change=(before, _facts(plugin)),
        details={"reason": reason.strip()[:MAX_REASON]},
    )
    return plugin


def recheck(plugin: Plugin) -> None:
    """Bring every instance of a plugin up to date, and let every process know.

    Rows first, then the plugin's lock, as everybody else does: whoever is switching one on meanwhile has
    committed by then, or reads the plugin again after us.
    """
    rows = PluginInstance.objects.with_version().filter(plugin=plugin).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk"))
    lock_slug(plugin.slug)
    health.recompute(list(rows))
    generation.moved(plugin.workspace_id)


def _has_runnable(plugin: Plugin) -> bool:
    rules = policy.current()
    return any(
        rules.runs(status=one.signature_status, slug=plugin.slug, checksum=one.checksum)
        for one in plugin.versions.pinnable()
    )


def _facts(plugin: Plugin) -> dict[str, object]:
    return {
        "status": plugin.status,
        "reason": plugin.status_reason,
        "publisher": plugin.publisher,
    }


def _record(plugin: Plugin, action: str, actor: Actor, before: dict[str, object]) -> None:
    recording.record(
        actor=actor, action=action, subject=subject_of(plugin), change=(before, _facts(plugin))
    )
