"""Settings that change while the platform runs: what is in force, who changed it, and back again.

A value is the workspace's, else the platform's, else the default of its definition.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts import secrets, tenancy
from accounts.redaction import MASK
from laojun import audit, snapshots
from laojun.audit import Actor, Target
from laojun.definitions import (
    GLOBAL,
    WORKSPACE,
    Definition,
    InvalidValue,
    UnknownKey,
    define,
    definitions,
    known,
)
from laojun.models import AuditLog, Config

__all__ = ["Definition", "InvalidValue", "UnknownKey", "define", "value"]

DEFAULT = "default"


class ScopeNotAllowed(Exception):
    """This setting cannot be set in this place."""

    code = "scope_not_allowed"


class Stale(Exception):
    """Somebody changed the setting since it was seen. `entry` is what it is now."""

    def __init__(self, entry: "Entry") -> None:
        super().__init__(entry.key)
        self.entry = entry


class NotRestorable(Exception):
    """The history does not hold the old value: it is a secret, was cut, or the entry is of another thing."""

    code = "not_restorable"


@dataclass(frozen=True)
class Entry:
    """A setting as it stands in a place: what is in force, where that comes from, and what was seen."""

    definition: Definition
    value: Any
    source: str
    is_set: bool
    version: str
    set_at: datetime | None = None
    set_by: str = ""

    @property
    def key(self) -> str:
        return self.definition.key

    @property
    def shown(self) -> Any:
        """The value for people: a secret is never more than a mask."""
        if self.definition.secret:
            return MASK if self.is_set else ""
        return self.value


@dataclass(frozen=True)
class Change:
    """One wish: a value, or `reset` to what is inherited; `seen` is the version it was based on, if it matters."""

    key: str
    value: Any = None
    reset: bool = False
    seen: str | None = None


# Reading


def value(key: str, workspace_id: int | None = None) -> Any:
    """The value in force: the workspace's, else the platform's, else the default. Raises UnknownKey."""
    definition = known(key)
    found = snapshots.values(workspace_id)
    for scope in (WORKSPACE, GLOBAL):
        if key in found[scope]:
            return definition.fitting(found[scope][key])
    return definition.default


def live_setting(*, key: str, workspace: int | None = None) -> Any:
    """What apps below read through their port."""
    return value(key, workspace)


def secret(key: str, workspace_id: int | None = None) -> str:
    """The plain text of a secret setting, empty when never set. Raises UnknownKey, SecretUnreadable.

    The caller stands in the place: secrets of the platform need `tenancy.platform_scope`.
    """
    known(key)
    for place in (workspace_id, None):
        row = Config.objects.of(place).filter(key=key, is_secret=True).first()
        if row is not None and row.secret_ciphertext:
            return secrets.unseal(row.secret_ciphertext, place=seal_place(place, key))
        if place is None:
            break
    return ""


def entries(workspace_id: int | None, *, prefix: str = "") -> list[Entry]:
    """Every setting that can be set in this place, as it stands. One query."""
    scope = GLOBAL if workspace_id is None else WORKSPACE
    rows = Config.objects.of(None).filter(key__startswith=prefix)
    if workspace_id is not None:
        rows |= Config.objects.of(workspace_id).filter(key__startswith=prefix)
    found = {(row.scope, row.key): row for row in rows}
    return [
        _entry(definition, found, scope)
        for key, definition in definitions.items()
        if key.startswith(prefix) and scope in definition.scopes
    ]


def entry(key: str, workspace_id: int | None) -> Entry:
    """One setting as it stands. Raises UnknownKey."""
    definition = known(key)
    scope = GLOBAL if workspace_id is None else WORKSPACE
    rows = Config.objects.of(None).filter(key=key)
    if workspace_id is not None:
        rows |= Config.objects.of(workspace_id).filter(key=key)
    return _entry(definition, {(row.scope, row.key): row for row in rows}, scope)


def orphans() -> list[Config]:
    """Rows whose key no app declares any more."""
    return list(Config.objects.exclude(key__in=list(definitions)).order_by("key"))


def overrides() -> dict[str, dict[Any, Any]]:
    """Values of single workspaces. Shapes: `{key: {workspace: value}}`, secrets masked. Inside the platform scope."""
    found: dict[str, dict[Any, Any]] = {}
    rows = Config.objects.filter(scope=WORKSPACE).select_related("workspace")
    for row in rows.order_by("key", "workspace_id"):
        found.setdefault(row.key, {})[row.workspace] = MASK if row.is_secret else row.value
    return found


# Writing


def write(
    *,
    changes: Iterable[Change],
    workspace_id: int | None,
    actor: Actor,
    action: str = "config.set",
    details: dict[str, Any] | None = None,
) -> list[Entry]:
    """Apply all changes to one place, or none.

    Runs inside the workspace's envelope; the platform's own settings open the operator's scope. Raises
    UnknownKey, ScopeNotAllowed, InvalidValue, Stale. One advisory lock per place, so that two people who
    saved at once are told, and values that bound each other are compared with what will be true.
    """
    wishes = list(changes)
    with transaction.atomic(), place(workspace_id):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
                [f"configs:{workspace_id or 0}"],
            )
        cleaned = _checked(wishes, workspace_id)
        for wish in wishes:
            _apply(wish, cleaned.get(wish.key), workspace_id, actor, (action, details))
        snapshots.announce(workspace_id)
        for follow in {known(wish.key).after for wish in wishes} - {None}:
            follow(workspace_id)
        return [entry(wish.key, workspace_id) for wish in wishes]


def place(workspace_id: int | None) -> AbstractContextManager[None]:
    """Where settings of a place are read and written whole: the platform's need the operator's scope."""
    if workspace_id is None:
        return tenancy.platform_scope(reason="configuration")
    return nullcontext()


def history(key: str, workspace_id: int | None) -> Any:
    """The changes of a setting in this place, newest first. Raises UnknownKey."""
    known(key)
    return AuditLog.objects.filter(
        workspace_id=workspace_id, resource_type="config", resource_id=key, result="ok"
    ).order_by("-created_at", "-id")


def rollback(
    *, key: str, audit_id: int, workspace_id: int | None, actor: Actor, seen: str | None = None
) -> Entry:
    """Take one change back: the value before it becomes a new change, under today's rules.

    Raises UnknownKey, NotRestorable, InvalidValue, Stale, ScopeNotAllowed.
    """
    with place(workspace_id):
        row = history(key, workspace_id).filter(pk=audit_id).first()
    if row is None or known(key).secret or "before" not in row.payload:
        raise NotRestorable(key)
    before = row.payload["before"]
    if before and not _is_whole(before.get("value")):
        raise NotRestorable(key)
    change = Change(key, before.get("value"), reset="value" not in before, seen=seen)
    (restored,) = write(
        changes=[change],
        workspace_id=workspace_id,
        actor=actor,
        action="config.rolled_back",
        details={"audit_id": audit_id},
    )
    return restored


# The write path


def _checked(wishes: list[Change], workspace_id: int | None) -> dict[str, Any]:
    """The cleaned values by key. Every wish is judged by the values that will be in force with all of them."""
    scope = GLOBAL if workspace_id is None else WORKSPACE
    cleaned: dict[str, Any] = {}
    for wish in wishes:
        definition = known(wish.key)
        if scope not in definition.scopes:
            raise ScopeNotAllowed(wish.key)
        now = entry(wish.key, workspace_id)
        if wish.seen is not None and wish.seen != now.version:
            raise Stale(now)
        if not wish.reset:
            cleaned[wish.key] = definition.clean(wish.value)
    coming = _coming(wishes, cleaned, workspace_id)
    for wish in wishes:
        _compare(known(wish.key), coming, workspace_id)
    return cleaned


def _coming(wishes: list[Change], cleaned: dict[str, Any], workspace_id: int | None) -> Any:
    found = Config.objects.snapshot(workspace_id).values
    own = found[GLOBAL if workspace_id is None else WORKSPACE]
    for wish in wishes:
        own.pop(wish.key, None)
    own.update(cleaned)
    return {**{key: one.default for key, one in definitions.items()}, **found[GLOBAL], **own}


def _compare(definition: Definition, coming: dict[str, Any], workspace_id: int | None) -> None:
    if definition.secret:
        return
    wanted = coming[definition.key]
    if definition.check is not None:
        message = definition.check(wanted, coming.__getitem__)
        if message is not None:
            raise InvalidValue(definition.key, "conflicts_with", message)
    if definition.capped and workspace_id is not None:
        top = entry(definition.key, None).value
        if wanted > top:
            message = definition.unit and f"≤ {top} {definition.unit}"
            raise InvalidValue(definition.key, "out_of_bounds", message)


def _apply(
    wish: Change,
    cleaned: Any,
    workspace_id: int | None,
    actor: Actor,
    how: tuple[str, dict[str, Any] | None],
) -> None:
    definition = known(wish.key)
    row = Config.objects.of(workspace_id).select_for_update().filter(key=wish.key).first()
    before = _facts(row)
    if definition.secret and cleaned == MASK:
        return
    reset = wish.reset or (definition.secret and cleaned == "")
    if reset:
        if row is None:
            return
        row.delete()
    else:
        row = _save(definition, row, cleaned, workspace_id, actor)
    audit.record(
        actor=actor,
        action="config.reset" if reset and how[0] == "config.set" else how[0],
        target=Target("config", wish.key, platform=workspace_id is None),
        before=before,
        after={} if reset else _facts(row),
        details=how[1],
    )


def _save(
    definition: Definition,
    row: Config | None,
    cleaned: Any,
    workspace_id: int | None,
    actor: Actor,
) -> Config:
    row = row or Config(
        workspace_id=workspace_id,
        scope=GLOBAL if workspace_id is None else WORKSPACE,
        key=definition.key,
        is_secret=definition.secret,
    )
    if definition.secret:
        place = seal_place(workspace_id, definition.key)
        row.secret_ciphertext = secrets.seal(cleaned, place=place)
    else:
        row.value = cleaned
    row.updated_by = actor.name
    row.save()
    return row


def _facts(row: Config | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {"secret_is_set": True} if row.is_secret else {"value": row.value}


def _is_whole(stored: Any) -> bool:
    """Whether the history kept this value unchanged: no hash in its place, nothing masked."""
    if isinstance(stored, dict) or stored is None:
        return False
    texts = stored if isinstance(stored, list) else [stored]
    return not any(isinstance(text, str) and MASK in text for text in texts)


def _entry(definition: Definition, rows: dict[tuple[str, str], Config], scope: str) -> Entry:
    platform = rows.get((GLOBAL, definition.key))
    own = rows.get((scope, definition.key))
    source = own or platform
    in_force = definition.default
    if source is not None and not definition.secret:
        in_force = definition.fitting(source.value)
    return Entry(
        definition=definition,
        value=None if definition.secret else in_force,
        source=source.scope if source else DEFAULT,
        is_set=own is not None,
        version=f"{own.row_version if own else 0}-{platform.row_version if platform else 0}",
        set_at=own.updated_at if own else None,
        set_by=own.updated_by if own else "",
    )


def seal_place(workspace_id: int | None, key: str) -> str:
    return f"lao_configs.secret_ciphertext:{workspace_id or 0}:{key}"


def sealed_rows() -> QuerySet[Config]:
    return Config.objects.filter(secret_ciphertext__gt="")


def place_of(row: Config) -> str:
    """What a sealed value is bound to. Two plugins may have settings of one name."""
    own = row.scope in {GLOBAL, WORKSPACE}
    return seal_place(row.workspace_id, row.key if own else f"{row.scope}/{row.key}")


def keep_sealed(row: Config, sealed: str) -> None:
    row.secret_ciphertext = sealed
    row.save(update_fields=["secret_ciphertext"])
