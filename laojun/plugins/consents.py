"""What the people of a workspace agreed that a plugin may see and do."""

from collections.abc import Collection

from django.utils import timezone

from laojun.audit import Actor
from laojun.models import PluginConsent, PluginInstance, PluginVersion
from laojun.plugins import recording
from laojun.plugins.health import standing_consents
from laojun.plugins.recording import Subject
from laojun.plugins.refusals import ConsentMismatch


def subject_of(instance: PluginInstance) -> Subject:
    return Subject(
        recording.INSTANCE,
        str(instance.pk),
        instance.workspace_id,
        instance.plugin_id,
        instance.plugin.slug,
    )


def check_exact(version: PluginVersion, permissions: Collection[str]) -> None:
    """Raises ConsentMismatch unless these are the version's permissions, no more and no less."""
    if set(permissions) != set(version.permissions) or len(permissions) != len(version.permissions):
        raise ConsentMismatch(version.version, permissions=sorted(version.permissions))


def grant(*, instance: PluginInstance, permissions: Collection[str], actor: Actor) -> bool:
    """Agree to exactly what the pinned version asks for; what stood beyond that ends. True when anything changed.

    `instance` is locked by the caller. Raises ConsentMismatch.
    """
    check_exact(instance.version, permissions)
    before = standing_consents(instance)
    return replace(instance=instance, before=before, permissions=set(permissions), actor=actor)


def replace(
    *, instance: PluginInstance, before: set[str], permissions: set[str], actor: Actor
) -> bool:
    """Let these consents stand, and no other."""
    if before == permissions:
        return False
    standing = PluginConsent.objects.standing().filter(instance=instance)
    standing.exclude(permission__in=permissions).update(withdrawn_at=timezone.now())
    PluginConsent.objects.bulk_create(
        PluginConsent(
            workspace_id=instance.workspace_id,
            instance=instance,
            version=instance.version,
            permission=permission,
            granted_by=actor.name,
        )
        for permission in sorted(permissions - before)
    )
    recording.record(
        actor=actor,
        action="plugin.consented",
        subject=subject_of(instance),
        change=({"permissions": sorted(before)}, {"permissions": sorted(permissions)}),
        moved=("", instance.version.version),
    )
    return True
