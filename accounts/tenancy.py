"""Whose rows a transaction sees: the workspace and person of the moment, put where row-level security reads them.

Without a context the application's database role sees zero tenant rows: no error, and never all of them.
Settings are local to the transaction; a nested context restores the outer one explicitly, because inside a
longer transaction a local setting lives on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import connections, transaction
from django.utils import timezone

from accounts import signals
from accounts.rls import APP, DISPATCHER, OPERATOR, SEALER


@dataclass(frozen=True)
class Context:
    """Who acts where. `role` is the database role in force."""

    user_id: UUID | None = None
    workspace_id: int | None = None
    role: str = APP


NOBODY = Context()
SWITCH = (
    "SELECT set_config('app.workspace_id', %s, true), set_config('app.user_id', %s, true),"
    " set_config('role', %s, true)"
)
_context: ContextVar[Context] = ContextVar("tenancy", default=NOBODY)


def current() -> Context:
    return _context.get()


@contextmanager
def workspace(
    workspace_id: int, *, user_id: UUID | None = None, savepoint: bool = True
) -> Iterator[None]:
    """Act inside one workspace. Membership is not asked here: the caller has checked it, or is the platform.

    Opens a transaction (or, if asked for, a savepoint inside one); one round trip.
    """
    chosen = user_id or current().user_id
    context = replace(current(), workspace_id=workspace_id, user_id=chosen)
    with entered(context, savepoint=savepoint):
        yield


@contextmanager
def user(user_id: UUID) -> Iterator[None]:
    """Act as a person outside any workspace: what belongs to the person alone is visible."""
    with entered(Context(user_id=user_id)):
        yield


@contextmanager
def platform_scope(*, reason: str) -> Iterator[None]:
    """Act across all workspaces as the operator role. Leaves an audit trail that names caller and reason."""
    with entered(replace(current(), role=OPERATOR)):
        signals.platform_scope_entered.send(
            sender=Context, reason=reason, user_id=current().user_id, at=timezone.now()
        )
        yield


@contextmanager
def dispatcher_scope() -> Iterator[None]:
    """Act as the role that hands out tasks: scheduling columns of every workspace, no payloads."""
    with entered(Context(role=DISPATCHER)):
        yield


@contextmanager
def sealer_scope() -> Iterator[None]:
    """Act as the role that numbers and hashes the audit log: it reads every row and fills nothing but the seal."""
    with entered(Context(role=SEALER)):
        yield


@contextmanager
def migration_scope(using: str = "owner") -> Iterator[None]:
    """Let the owner's data step see and change rows; without it FORCE makes every UPDATE change zero rows."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config('app.migrating', 'on', true)")
        yield
        cursor.execute("SELECT set_config('app.migrating', '', true)")


@contextmanager
def adopted(context: Context) -> Iterator[None]:
    """Run with a context that the database already has (the request's, after its authentication)."""
    token = _context.set(context)
    try:
        yield
    finally:
        _context.reset(token)


@contextmanager
def entered(context: Context, *, savepoint: bool = True) -> Iterator[None]:
    """Act in a context that was built before (a request's, after its answer). Opens a transaction or savepoint.

    Without `savepoint`, inside a transaction, two round trips less; an error that leaves the block then ends all of it.
    """
    before = current()
    token = _context.set(context)
    try:
        with transaction.atomic(savepoint=savepoint):
            _apply(context)
            yield
            if not transaction.get_rollback():
                _apply(before)
    finally:
        _context.reset(token)


def leave() -> None:
    """Take the context off the open transaction, for callers that go on inside a longer one."""
    _apply(Context())


def _apply(context: Context) -> None:
    """One round trip. A failed inner block needs no call: its savepoint takes the settings back."""
    with connections["default"].cursor() as cursor:
        cursor.execute(SWITCH, switch_to(context))


def switch_to(context: Context) -> list[str]:
    """The values of `SWITCH`, which puts a context on the open transaction."""
    return [
        "" if context.workspace_id is None else str(context.workspace_id),
        "" if context.user_id is None else str(context.user_id),
        context.role,
    ]
