"""Connections are made, changed, shared, chosen, switched off and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.ids import uuid7
from accounts.models import User
from laojun import audit
from laojun.audit import Actor, Target
from querygpt import values
from querygpt.connections import secrets
from querygpt.connections.checking import ConnectionRefused, check, check_parts
from querygpt.execution import turns
from querygpt.models import Connection, Conversation, Result
from querygpt.results import storing
from taishang import queue

MOST_OF_USER = 50
FIELDS = frozenset(
    {
        "name",
        "description",
        "visibility",
        "is_default",
        "driver",
        "host",
        "port",
        "username",
        "database_name",
        "extra_options",
        "tls_mode",
        "timeout_seconds",
        "max_rows",
        "disclosure",
        "values_enabled",
        "reference_date",
    }
)
# A change of these sends what follows elsewhere: the password does not come along, the last test says nothing.
PLACE = frozenset({"driver", "host", "port", "username", "database_name"})
TESTED = PLACE | {"tls_mode", "extra_options", "password_encrypted"}
UNTESTED: Mapping[str, Any] = {
    "status": Connection.Status.NEW,
    "findings": [],
    "last_error_code": "",
    "last_tested_at": None,
}
STRENGTH = {"off": 0, "require": 1, "verify": 2}
VALUES = "querygpt.value_index"
NAME_RULE = "querygpt_connections_name_uniq"
TOLD = ("name", "driver", "host", "port", "username", "database_name", "tls_mode", "visibility", "is_default",
        "timeout_seconds", "max_rows", "disclosure", "status")  # fmt: skip


class NameTaken(Exception):
    """This person has a connection of this name."""

    code = "connection_name_taken"


class LimitReached(Exception):
    """A person has at most fifty connections."""

    code = "limit_reached"


def create(
    *, workspace_id: int, user: User, wishes: Mapping[str, Any], password: str, actor: Actor
) -> Connection:
    """Make a connection; the first one of a person is their default. Looks its host up.

    Raises ConnectionRefused, NameTaken, LimitReached.
    """
    mine = Connection.objects.alive().filter(workspace_id=workspace_id, user=user)
    count = mine.count()
    if count >= MOST_OF_USER:
        raise LimitReached
    made = Connection(id=uuid7(), workspace_id=workspace_id, user=user, **given(wishes))
    made.is_default = made.is_default or count == 0
    made.values_enabled = made.values_enabled or made.is_file
    if made.is_file:
        _check_new_file(made, wishes)
    _keep_password(made, password)
    if not (made.is_file and "database_name" not in wishes):
        check(made)
    with _named():
        if made.is_default:
            _no_other_default(made)
        made.save(force_insert=True)
    _record(actor, "connection.created", made, after=_facts(made))
    return made


def change(
    *, connection: Connection, wishes: Mapping[str, Any], password: str | None, actor: Actor
) -> Connection:
    """Change a connection that the caller holds locked. `password` None leaves it, "" clears it.

    Whatever leads elsewhere, or weakens the encryption, clears the password unless it comes along. Raises
    ConnectionRefused, NameTaken.
    """
    before = _facts(connection)
    news = {
        name: value for name, value in given(wishes).items() if getattr(connection, name) != value
    }
    weaker = "tls_mode" in news and STRENGTH[news["tls_mode"]] < STRENGTH[connection.tls_mode]
    if password is None and (PLACE & set(news) or weaker):
        password = ""
    _set(connection, news)
    columns = set(news)
    if password is not None:
        _keep_password(connection, password)
        columns |= {"password_encrypted", "secret_set_at"}
    if columns & TESTED:
        check(connection)
        _set(connection, {**UNTESTED, "flavour": "", "server_version": ""})
        columns |= {*UNTESTED, "flavour", "server_version"}
    with _named():
        if news.get("is_default"):
            _no_other_default(connection)
        connection.save(update_fields=[*columns, "updated_at"])
    if "values_enabled" in news:
        _follow_values(connection)
    connection.refresh_from_db()
    _record_change(actor, connection, before, news)
    return connection


def switch_off(*, connection: Connection, actor: Actor) -> Connection:
    """Nobody asks it any more, and what runs is stopped."""
    connection.status = Connection.Status.DISABLED
    connection.save(update_fields=["status", "updated_at"])
    turns.call_off(connection_id=connection.pk)
    _record(actor, "connection.disabled", connection)
    return connection


def switch_on(*, connection: Connection, actor: Actor) -> Connection:
    """It may be asked again; what it is like shows its next test."""
    connection.status = Connection.Status.NEW
    connection.save(update_fields=["status", "updated_at"])
    _record(actor, "connection.enabled", connection)
    return connection


def remove(*, connection: Connection, actor: Actor, now: datetime | None = None) -> None:
    """Delete a connection: its secret and results go at once, conversations stay and name none."""
    facts = _facts(connection)
    turns.call_off(connection_id=connection.pk)
    storing.purge(Result.objects.filter(run__connection_id=connection.pk))
    values.forget(connection=connection)
    Conversation.objects.filter(connection_id=connection.pk).update(
        connection=None, updated_at=timezone.now()
    )
    _set(
        connection,
        {
            "deleted_at": now or timezone.now(),
            "is_default": False,
            "password_encrypted": "",
            "values_enabled": False,
        },
    )
    connection.save(
        update_fields=[
            "deleted_at",
            "is_default",
            "password_encrypted",
            "values_enabled",
            "updated_at",
        ]
    )
    _record(actor, "connection.deleted", connection, before=facts)


def given(wishes: Mapping[str, Any]) -> dict[str, Any]:
    """The columns among the wishes, as they are stored."""
    found = {name: value for name, value in wishes.items() if name in FIELDS}
    for name in ("host", "username"):
        if isinstance(found.get(name), str):
            found[name] = found[name].strip()
    return found


def record_trial(connection: Connection, *, actor: Actor) -> None:
    """Somebody tries a connection that is not saved."""
    _record(actor, "connection.tested", connection, details={"host": connection.host})


def _check_new_file(made: Connection, wishes: Mapping[str, Any]) -> None:
    """A connection to a file may be made before its file: nothing reads it until one is ready."""
    if "database_name" in wishes:
        check_parts(made)
        return
    for column in ("host", "port", "username", "extra_options"):
        if getattr(made, column):
            raise ConnectionRefused("connection_invalid", column)


def _keep_password(connection: Connection, plain: str) -> None:
    if "\x00" in plain or (plain and connection.is_file):
        raise ConnectionRefused("connection_invalid", "password")
    connection.password_encrypted = secrets.seal(connection, plain)
    connection.secret_set_at = timezone.now() if plain else None


def _no_other_default(connection: Connection) -> None:
    Connection.objects.alive().filter(
        workspace_id=connection.workspace_id, user_id=connection.user_id, is_default=True
    ).exclude(pk=connection.pk).update(is_default=False, updated_at=timezone.now())


def _set(connection: Connection, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(connection, name, value)


@contextmanager
def _named() -> Iterator[None]:
    """Inside, the rule of names is told as NameTaken."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if NAME_RULE in str(error):
            raise NameTaken from error
        raise


def _follow_values(connection: Connection) -> None:
    """Switched on, the values are read as soon as the structure is known; switched off, they are gone at once."""
    if not connection.values_enabled:
        values.forget(connection=connection)
    elif connection.catalogue_version:
        queue.enqueue(
            kind=VALUES,
            payload={"connection": str(connection.pk)},
            workspace=connection.workspace_id,
            user=connection.user_id,
            dedup_key=f"{VALUES}:{connection.pk}",
        )


def _facts(connection: Connection) -> dict[str, Any]:
    return {name: getattr(connection, name) for name in TOLD}


def _record(actor: Actor, action: str, connection: Connection, **facts: Any) -> None:
    audit.record(
        actor=actor, action=action, target=Target("connection", str(connection.pk)), **facts
    )


def _record_change(
    actor: Actor, connection: Connection, before: dict[str, Any], news: Mapping[str, Any]
) -> None:
    after = _facts(connection)
    _record(actor, "connection.updated", connection, before=before, after=after)
    if "visibility" in news:
        _record(actor, "connection.shared", connection, before=before, after=after)
    if "disclosure" in news:
        _record(actor, "disclosure.changed", connection, before=before, after=after)
