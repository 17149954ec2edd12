"""What operators set for a plugin of the catalogue in every workspace; each workspace may set it otherwise."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from laojun.audit import Actor
from laojun.models import Config, Plugin, PluginVersion
from laojun.plugins import recording, schemas, settings, statuses
from laojun.plugins.installing import lock_slug, subject_of
from laojun.plugins.manifests import Manifest
from laojun.plugins.settings import PLAIN_KEY, ConfigInvalid, platform_values


@transaction.atomic
def write(
    *, plugin: Plugin, version: PluginVersion, config: Mapping[str, Any], actor: Actor
) -> None:
    """Let these values stand for every workspace, and no other. Secrets are each workspace's own.

    `version` is the one whose schema is asked. Runs in the platform scope. Raises ConfigInvalid.
    """
    schema = Manifest(version.manifest).config_schema
    secret = frozenset(field.path for field in settings.secret_fields(schema))
    wrong = [
        fault
        for fault in schemas.faults(schema, config, secrets_set=secret)
        if fault.code != "required"
    ]
    if wrong:
        raise ConfigInvalid(wrong)
    lock_slug(plugin.slug)
    before = platform_values(plugin.slug)
    given = {
        field.path: value
        for field in schemas.fields(schema)
        if (value := schemas.get(config, field.path)) is not None
    }
    rows = Config.objects.filter(workspace=None, scope=settings.scope_of(plugin.slug))
    rows.filter(is_secret=False).exclude(key__in=[f"{PLAIN_KEY}{path}" for path in given]).delete()
    for path, value in given.items():
        rows.update_or_create(
            key=f"{PLAIN_KEY}{path}",
            defaults={"value": value, "updated_by": actor.name},
            create_defaults={
                "workspace": None,
                "scope": settings.scope_of(plugin.slug),
                "value": value,
                "updated_by": actor.name,
            },
        )
    recording.record(
        actor=actor,
        action="plugin.configured",
        subject=subject_of(plugin),
        change=(before, platform_values(plugin.slug)),
    )
    statuses.recheck(plugin)
