"""Where a log line comes from: the request or task that this thread of control serves. No models, no database."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Origin:
    """The request or task at hand. What it acts as is asked of the tenancy first."""

    trace_id: str = ""
    method: str = ""
    path: str = ""
    ip_address: str | None = None
    user_agent: str = ""
    workspace_id: int | None = None
    user_id: UUID | None = None


NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("log_origin", default=NOWHERE)


@contextmanager
def of(origin: Origin) -> Iterator[None]:
    """Every line logged inside says that it came from here."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def current() -> Origin:
    return _origin.get()
