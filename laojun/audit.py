"""The audit log: one plain INSERT in the transaction of the deed. No row, no deed.

A refused or failed deed is taken back together with everything it wrote, so its row is written afterwards, in a
transaction of its own (`record_afterwards`).
"""

import hashlib
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import connections, transaction

from accounts import tenancy
from accounts.authentication import Principal
from accounts.models import User
from accounts.redaction import redact, redact_text
from accounts.registry import Store
from laojun.models import AuditActor, AuditLog

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_VALUE_BYTES = 16 * 1024
MAX_DEPTH = 16
MAX_PATHS = 2000
MAX_AGENT = 300
OK, DENIED, FAILED = "ok", "denied", "failed"
STATEMENT = """
    WITH named AS (
        INSERT INTO lao_audit_actors (workspace_id, actor, display_name, email_masked)
        SELECT %(workspace_id)s, %(actor)s, %(display_name)s, %(email_masked)s
        WHERE %(display_name)s <> ''
        ON CONFLICT DO NOTHING
    )
    INSERT INTO lao_audit_logs (workspace_id, actor_kind, actor, actor_id, action, resource_type,
        resource_id, result, payload, ip_address, user_agent, trace_id)
    VALUES (%(workspace_id)s, %(actor_kind)s, %(actor)s, %(actor_id)s, %(action)s,
        %(resource_type)s, %(resource_id)s, %(result)s, %(payload)s::jsonb, %(ip_address)s,
        %(user_agent)s, %(trace_id)s)
"""
actions: Store[Any] = Store("audit_actions")  # `area.verb` → what it means, for people


class UnknownAction(LookupError):
    """The action was not declared; the registry is closed, so that an auditor can know all of them."""


@dataclass(frozen=True)
class Actor:
    """Who acts. `name` never changes; what people call it stands in a row that can be erased."""

    name: str
    kind: str
    id: UUID | None = None
    display_name: str = ""
    email: str = ""

    @classmethod
    def of_user(cls, user: User) -> "Actor":
        return cls(f"user:{user.id}", "user", user.id, user.get_username(), user.email)

    @classmethod
    def of_principal(cls, principal: Principal) -> "Actor":
        if principal.user is None:
            return ANONYMOUS
        person = cls.of_user(principal.user)
        if principal.api_key_id is None:
            return person
        return replace(person, name=f"apikey:{principal.api_key_id}", kind="api_key")

    @classmethod
    def system(cls, job: str) -> "Actor":
        return cls(f"system:{job}", "system")


ANONYMOUS = Actor("anonymous", "anonymous")


@dataclass(frozen=True)
class Facts:
    """Where a deed came from. `afterwards` collects what runs once the request's transaction is over."""

    trace_id: str = ""
    ip_address: str | None = None
    user_agent: str = ""
    actor: Actor | None = None
    afterwards: list[Callable[[], None]] | None = None


@dataclass(frozen=True)
class Target:
    """The thing a deed was done to.

    The row goes to the log of `workspace_id`, else of the workspace at hand; with `platform` to the platform's.
    """

    type: str
    id: str
    platform: bool = False
    workspace_id: int | None = None


NOWHERE = Facts()
_facts: ContextVar[Facts] = ContextVar("audit_facts", default=NOWHERE)


@contextmanager
def facts(given: Facts) -> Iterator[None]:
    """Every row recorded inside says that it came from here."""
    token = _facts.set(given)
    try:
        yield
    finally:
        _facts.reset(token)


def current_facts() -> Facts:
    return _facts.get()


def current_actor(otherwise: Actor = ANONYMOUS) -> Actor:
    """Who the request at hand acts for; `otherwise` outside of any."""
    return _facts.get().actor or otherwise


def record(
    *,
    actor: Actor | Principal | User,
    action: str,
    target: Target | tuple[str, object],
    result: str = OK,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one row in the transaction at hand; if it cannot be written, the deed fails with it.

    `before` and `after` are the thing's fields; only what changed is kept, redacted, under flat paths.
    Shapes: payload `{before, after, changed[], details}`. Raises UnknownAction. Cost: one statement.
    """
    _insert(_row(actor, action, target, result, payload(before, after, details)), _facts.get())


def record_afterwards(
    *,
    actor: Actor | Principal | User,
    action: str,
    target: Target | tuple[str, object],
    result: str = DENIED,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write the row of a refused or failed deed in its own transaction, after this request's rollback.

    Outside a request it is written at once, in a savepoint of whatever is open.
    """
    row = _row(actor, action, target, result, payload(None, None, details))
    given, context = _facts.get(), tenancy.current()

    def write() -> None:
        with _place(row["workspace_id"], context.user_id):
            _insert(row, given)

    if given.afterwards is None:
        write()
    else:
        given.afterwards.append(write)


def names(rows: Iterable[AuditLog]) -> dict[str, str]:
    """What to call the actors of these rows. One query."""
    wanted = {row.actor for row in rows}
    known = AuditActor.objects.filter(actor__in=wanted, erased_at__isnull=True)
    return dict(known.values_list("actor", "display_name"))


def last_change(*, kind: str, key: str) -> dict[str, Any]:
    """Who changed a thing last and when, as far as this context sees; empty when no row tells. Two queries."""
    rows = AuditLog.objects.filter(resource_type=kind, resource_id=key, result=OK)
    row = rows.order_by("-created_at").first()
    if row is None:
        return {}
    return {"changed_by": names([row]).get(row.actor), "changed_at": row.created_at}


def payload(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    details: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What changed, by flat paths, without secrets and within 64 KB; larger values leave hash and length."""
    old, new = _flat(before or {}), _flat(after or {})
    changed = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
    kept: dict[str, Any] = {}
    if before is not None:
        kept["before"] = {path: old[path] for path in changed if path in old}
    if after is not None:
        kept["after"] = {path: new[path] for path in changed if path in new}
    if before is not None or after is not None:
        kept["changed"] = changed
    if details:
        kept["details"] = _flat(details)
    if len(orjson.dumps(kept)) <= MAX_PAYLOAD_BYTES:
        return kept
    return {part: digest(content) for part, content in kept.items()}


def digest(value: Any) -> dict[str, Any]:
    """What stands in the log for content that is too large or nobody's business: its hash and its length."""
    raw = value if isinstance(value, bytes) else orjson.dumps(_plain(value))
    return {"sha256": hashlib.sha256(raw).hexdigest(), "length": len(raw)}


def masked_email(email: str) -> str:
    name, at, domain = email.partition("@")
    return f"{name[:1]}***{at}{domain}" if at else ""


def _row(
    actor: Actor | Principal | User,
    action: str,
    target: Target | tuple[str, object],
    result: str,
    content: dict[str, Any],
) -> dict[str, Any]:
    if action not in actions:
        raise UnknownAction(action)
    who = _actor(actor)
    thing = target if isinstance(target, Target) else Target(target[0], str(target[1]))
    return {
        "workspace_id": _workspace_of(thing),
        "actor_kind": who.kind,
        "actor": who.name,
        "actor_id": who.id,
        "display_name": _text(who.display_name)[:150],
        "email_masked": _text(masked_email(who.email))[:120],
        "action": action,
        "resource_type": thing.type,
        "resource_id": _text(redact_text(thing.id))[:200],
        "result": result,
        "payload": orjson.dumps(content).decode(),
    }


def _workspace_of(thing: Target) -> int | None:
    return None if thing.platform else thing.workspace_id or tenancy.current().workspace_id


def _actor(given: Actor | Principal | User) -> Actor:
    if isinstance(given, Principal):
        return Actor.of_principal(given)
    return given if isinstance(given, Actor) else Actor.of_user(given)


def _insert(row: dict[str, Any], given: Facts) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            STATEMENT,
            {
                **row,
                "ip_address": _address(given.ip_address),
                "user_agent": _text(redact_text(given.user_agent))[:MAX_AGENT],
                "trace_id": given.trace_id,
            },
        )


@contextmanager
def _place(workspace_id: int | None, user_id: UUID | None) -> Iterator[None]:
    if workspace_id is None:
        with transaction.atomic():
            yield
    else:
        with tenancy.workspace(workspace_id, user_id=user_id):
            yield


def _flat(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, item in _paths(redact(_plain(value)), ""):
        if len(found) == MAX_PATHS:
            found["…"] = "more"
            break
        large = isinstance(item, (str, list)) and len(orjson.dumps(item)) > MAX_VALUE_BYTES
        found[path] = digest(item) if large else item
    return found


def _paths(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and (value or not prefix):
        for key, item in value.items():
            yield from _paths(item, f"{prefix}.{key}" if prefix else key)
    else:
        yield prefix, value


def _plain(value: Any, depth: int = 0) -> Any:
    """JSON that hashes the same everywhere: no floats, no NUL, text for everything that is not plain."""
    if depth > MAX_DEPTH:
        return "…"
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Mapping):
        return {_text(str(key)): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth + 1) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, (bytes, memoryview)):
        return f"{len(value)} bytes"
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (float, Decimal, UUID)):
        return str(value)
    return _text(str(value))


def _text(text: str) -> str:
    """Without what PostgreSQL cannot store: NUL and lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _address(text: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(text or ""))
    except ValueError:
        return None
