"""What an instance is set to: the schema's defaults, the platform's values, its own, and its secrets.

Secrets live as encrypted settings of the plugin in the workspace and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts import secrets
from accounts.redaction import MASK
from laojun import configs
from laojun.audit import Actor
from laojun.models import Config, PluginInstance
from laojun.plugins import schemas, vocabulary
from laojun.plugins.manifests import ENDPOINT, HTTP, SIGNING_SECRET, Manifest
from laojun.plugins.schemas import Fault, Field

SECRET_KEY, PLAIN_KEY = "secret.", "config."
FORMER_KEY = f"former.{SIGNING_SECRET}"
BOTH_LIVE = timedelta(hours=24)
MAX_SECRET = 4000


class ConfigInvalid(Exception):
    """Settings that do not fit the schema, all faults at once."""

    code = "validation_error"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{one.path}: {one.message}" for one in faults[:5]))
        self.faults = faults


@dataclass(frozen=True)
class Parted:
    """What somebody sent: plain settings, and secrets by path. An empty secret takes the stored one back."""

    plain: dict[str, Any]
    secrets: dict[str, str]


def schema_of(instance: PluginInstance) -> Mapping[str, Any]:
    return Manifest(instance.version.manifest).config_schema


def effective(instance: PluginInstance) -> dict[str, Any]:
    """Every plain setting in force: schema, platform, instance, the later ones first. One query."""
    above = inherited(schema_of(instance), instance.plugin.slug)
    return schemas.merged(above, instance.config)


def inherited(schema: Mapping[str, Any], slug: str) -> dict[str, Any]:
    """What is in force where a workspace sets nothing itself. One query."""
    return schemas.merged(schemas.defaults(schema), platform_values(slug))


def with_secrets(instance: PluginInstance) -> dict[str, Any]:
    """What the plugin itself is given: every setting, secrets in the clear. Two queries. Raises SecretUnreadable."""
    found = effective(instance)
    for row in _secret_rows(instance):
        path = row.key.removeprefix(SECRET_KEY)
        plain = secrets.unseal(str(row.secret_ciphertext), place=configs.place_of(row))
        schemas.put(found, path, plain)
    return found


def signing_secrets(instance: PluginInstance, *, now: datetime) -> tuple[str, ...]:
    """What calls are signed with: the secret, and for a day the one before it. One query. Raises SecretUnreadable."""
    keys = [f"{SECRET_KEY}{SIGNING_SECRET}", FORMER_KEY]
    rows = _rows_of(instance).filter(key__in=keys).order_by("-key")
    return tuple(
        secrets.unseal(str(row.secret_ciphertext), place=configs.place_of(row))
        for row in rows
        if row.key != FORMER_KEY or row.updated_at > now - BOTH_LIVE
    )


def secrets_set(instance: PluginInstance) -> frozenset[str]:
    """The paths of the secrets that are there. One query."""
    if not any(field.is_secret for field in schemas.fields(schema_of(instance))):
        return frozenset()
    keys = _secret_rows(instance).values_list("key", flat=True)
    return frozenset(key.removeprefix(SECRET_KEY) for key in keys)


def shown(instance: PluginInstance) -> dict[str, Any]:
    """The instance's own settings for people: a secret is never more than a mask."""
    found = schemas.merged(instance.config)
    for path in sorted(secrets_set(instance)):
        schemas.put(found, path, MASK)
    return found


def faults(instance: PluginInstance, *, config: Mapping[str, Any] | None = None) -> list[Fault]:
    """What is wrong with the settings in force, or with these in place of the instance's own."""
    schema = schema_of(instance)
    own = instance.config if config is None else config
    whole = schemas.merged(inherited(schema, instance.plugin.slug), own)
    found = schemas.faults(schema, whole, secrets_set=secrets_set(instance))
    return found + _foreign_host(instance, whole)


def part(schema: Mapping[str, Any], sent: Mapping[str, Any]) -> Parted:
    """Take the secrets out of what somebody sent; a masked one is left as it is. Raises ConfigInvalid."""
    plain, found = schemas.merged(sent), {}
    wrong = []
    for field in schemas.fields(schema):
        if not field.is_secret or schemas.get(plain, field.path) is None:
            continue
        value = schemas.remove(plain, field.path)
        if not isinstance(value, str) or len(value) > MAX_SECRET:
            wrong.append(Fault(field.path, "invalid", "a secret is text"))
        elif value != MASK:
            found[field.path] = value
    if wrong:
        raise ConfigInvalid(wrong)
    return Parted(plain, found)


def write_secrets(instance: PluginInstance, given: Mapping[str, str], *, actor: Actor) -> None:
    """Seal each secret in its row; an empty one deletes it."""
    for path, value in given.items():
        key = f"{SECRET_KEY}{path}"
        if path == SIGNING_SECRET:
            _keep_former(instance, key, value, actor)
        if value == "":
            _rows_of(instance).filter(key=key).delete()
        else:
            _write_secret(instance, key, value, actor)


def _keep_former(instance: PluginInstance, key: str, value: str, actor: Actor) -> None:
    """A receiver may go on with the secret it knows while it learns the new one; one that was cleared is gone."""
    row = _rows_of(instance).filter(key=key).first()
    if value == "":
        _rows_of(instance).filter(key=FORMER_KEY).delete()
    elif row is not None:
        plain = secrets.unseal(str(row.secret_ciphertext), place=configs.place_of(row))
        if plain != value:
            _write_secret(instance, FORMER_KEY, plain, actor)


def _write_secret(instance: PluginInstance, key: str, value: str, actor: Actor) -> None:
    row = _rows_of(instance).filter(key=key).first() or Config(
        workspace_id=instance.workspace_id,
        scope=scope_of(instance.plugin.slug),
        key=key,
        is_secret=True,
    )
    row.secret_ciphertext = secrets.seal(value, place=configs.place_of(row))
    row.updated_by = actor.name
    row.save()


def remove_secrets(instance: PluginInstance) -> None:
    _rows_of(instance).delete()


def moved_addresses(
    schema: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> bool:
    """Whether a setting that is an address changed: what was entered for the former one does not go along."""
    addresses = [field.path for field in schemas.fields(schema) if field.format == "uri"]
    return any(schemas.get(before, path) != schemas.get(after, path) for path in addresses)


def platform_values(slug: str) -> dict[str, Any]:
    """What operators set for a plugin in every workspace. One query."""
    rows = Config.objects.filter(
        workspace=None, scope=scope_of(slug), is_secret=False, key__startswith=PLAIN_KEY
    )
    found: dict[str, Any] = {}
    for key, value in rows.values_list("key", "value"):
        schemas.put(found, key.removeprefix(PLAIN_KEY), value)
    return found


def scope_of(slug: str) -> str:
    return f"plugin:{slug}"


def secret_fields(schema: Mapping[str, Any]) -> list[Field]:
    return [field for field in schemas.fields(schema) if field.is_secret]


def _foreign_host(instance: PluginInstance, config: Mapping[str, Any]) -> list[Fault]:
    """A service may listen on the hosts only that its version names, which people agreed to."""
    address = schemas.get(config, ENDPOINT)
    if instance.plugin.kind != HTTP or not isinstance(address, str):
        return []
    host = vocabulary.host_of(address)
    if f"{vocabulary.NET}{host}" in instance.version.permissions:
        return []
    return [Fault(ENDPOINT, "host_not_permitted", f"{host} is not a host this plugin may reach")]


def _secret_rows(instance: PluginInstance) -> Any:
    return _rows_of(instance).filter(key__startswith=SECRET_KEY)


def _rows_of(instance: PluginInstance) -> Any:
    return Config.objects.filter(
        workspace_id=instance.workspace_id,
        scope=scope_of(instance.plugin.slug),
        is_secret=True,
    )
