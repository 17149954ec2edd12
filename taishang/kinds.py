"""What kinds of work there are: each names its handler, its payload's schema and its limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

import jsonschema_rs
import orjson
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.encoding import force_str

from accounts import registry
from accounts.redaction import is_secret_name
from accounts.registry import Store

if TYPE_CHECKING:
    from taishang.runs import Run

MAX_PAYLOAD_BYTES = 256 * 1024
MAX_PAYLOAD_DEPTH = 32
TICK_SECONDS = 60
EMPTY_SCHEMA: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}

Handler = Callable[["Run"], Any]


class PayloadRefused(ValueError):
    """A payload that its kind does not accept. `code` is stable; `field` is a JSON pointer."""

    def __init__(self, code: str, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.pointer = pointer


class UnknownKind(LookupError):
    """No code here handles this kind."""


class Options(TypedDict, total=False):
    """How a kind runs; `Kind` documents each."""

    queue: str
    timeout_s: int
    max_attempts: int
    retry_on: tuple[type[Exception], ...]
    lease_s: int | None
    cancel_grace_s: float
    public: bool
    scope: Literal["workspace", "platform"]
    as_user: bool
    wipe_payload: bool
    payload_version: int
    events: Sequence[str]
    tells: str
    label: Any


@dataclass(frozen=True)
class Kind:
    """One kind of task. `public` kinds may be asked for through the API; `label` is shown to people.

    Units: `timeout_s`, `lease_s` and `cancel_grace_s` are seconds. `timeout_s` counts per attempt, the lease is
    renewed while the process lives, `cancel_grace_s` is what a handler gets to obey before its process is killed.
    `events` are the names the handler may write besides the engine's own. `retries_s` are the pauses before each
    further attempt; without them they grow by themselves. Whoever asked for a task of a kind that `tells` is told
    how it ended; `tells` names the kind of thing their notice leads to (`registry.link_resolvers`).
    """

    name: str
    handler: Handler
    schema: dict[str, Any] = field(default_factory=lambda: EMPTY_SCHEMA)
    queue: str = "default"
    timeout_s: int = 600
    max_attempts: int = 3
    retry_on: tuple[type[Exception], ...] = (Exception,)
    retries_s: tuple[float, ...] = ()
    lease_s: int | None = None
    cancel_grace_s: float = 30
    public: bool = False
    scope: Literal["workspace", "platform"] = "workspace"
    as_user: bool = False
    wipe_payload: bool = False
    payload_version: int = 1
    events: Sequence[str] = ()
    tells: str = ""
    label: Any = ""

    @property
    def lease_seconds(self) -> int:
        return self.lease_s or settings.TASK_LEASE_SECONDS

    def check(self, payload: Any) -> None:
        """Raises PayloadRefused: too large, too deep, holding a secret, or against the schema."""
        _check_shape(payload)
        error = next(_validator(self).iter_errors(payload), None)
        if error is not None:
            pointer = "".join(f"/{part}" for part in error.instance_path)
            raise PayloadRefused("payload_invalid", error.message[:500], pointer)


_kinds: Store[Kind] = Store("kinds")
_validators: dict[str, Any] = {}


def handles(
    name: str, schema: dict[str, Any] | None = None, **options: Unpack[Options]
) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of a kind. `schema` is JSON Schema 2020-12 and closed.

    Two handlers for one kind stop the start.
    """
    closed = EMPTY_SCHEMA if schema is None else schema
    if closed.get("additionalProperties", True) is not False:
        raise ImproperlyConfigured(f"the payload schema of {name} must be closed")

    def register(handler: Handler) -> Handler:
        _kinds.add(name, Kind(name=name, handler=handler, schema=closed, **options))
        return handler

    return register


def get(name: str) -> Kind:
    """The kind of this name; jobs and scheduled functions of the apps below are kinds too. Raises UnknownKind."""
    kind = _kinds.get(name) or _job(name) or _scheduled(name)
    if kind is None:
        raise UnknownKind(name)
    return kind


def label_of(name: str) -> str:
    """What people call this kind; its name when no code here knows it."""
    try:
        return force_str(get(name).label) or name
    except UnknownKind:
        return name


def known() -> list[Kind]:
    below = [_job(name) for name in registry.jobs]
    below += [_scheduled(name) for name in registry.schedules]
    return [*_kinds.values(), *(kind for kind in below if kind is not None)]


def names() -> list[str]:
    return [kind.name for kind in known()]


def for_queues(queues: Iterable[str]) -> list[Kind]:
    wanted = set(queues)
    return [kind for kind in known() if kind.queue in wanted]


def _job(name: str) -> Kind | None:
    entry = registry.jobs.get(name)
    if entry is None:
        return None
    return Kind(
        name=name,
        handler=_watched(entry) if entry.watched else lambda run: entry.run(run.payload),
        schema=entry.schema,
        queue=entry.queue,
        timeout_s=entry.timeout_s,
        max_attempts=len(entry.retries_s) + 1,
        retries_s=entry.retries_s,
        wipe_payload=entry.wipe_payload,
        scope="workspace" if entry.for_workspace else "platform",
        label=entry.label or name,
    )


def _watched(job: registry.Job) -> Handler:
    """A long function of an app below as a handler: its progress moves the bar and hears the wish to stop."""

    def handle(run: Run) -> Any:
        def progress(current: int, total: int, message: str = "") -> None:
            run.check()
            run.progress(current, total, message)

        return job.run(run.payload, progress)

    return handle


def _scheduled(name: str) -> Kind | None:
    entry = registry.schedules.get(name)
    if entry is None or (entry.every_s or TICK_SECONDS + 1) <= TICK_SECONDS:
        return None
    return Kind(
        name=name,
        handler=lambda run: entry.run(),
        queue=entry.queue,
        scope="platform",
        label=entry.label or name,
        timeout_s=3600,
    )


def _validator(kind: Kind) -> Any:
    if kind.name not in _validators:
        _validators[kind.name] = jsonschema_rs.Draft202012Validator(kind.schema)
    return _validators[kind.name]


def _check_shape(payload: Any) -> None:
    if not isinstance(payload, dict):
        raise PayloadRefused("payload_invalid", "A payload is a JSON object.")
    _walk(payload, "", 1)
    try:
        size = len(orjson.dumps(payload))
    except (TypeError, ValueError) as error:
        raise PayloadRefused("payload_invalid", "A payload is plain JSON.") from error
    if size > MAX_PAYLOAD_BYTES:
        raise PayloadRefused(
            "payload_too_large", f"A payload has at most {MAX_PAYLOAD_BYTES} bytes."
        )


def _walk(value: Any, pointer: str, depth: int) -> None:
    if depth > MAX_PAYLOAD_DEPTH:
        raise PayloadRefused("payload_invalid", "A payload is at most 32 levels deep.", pointer)
    if isinstance(value, dict):
        for key, inner in value.items():
            if is_secret_name(str(key)):
                raise PayloadRefused(
                    "secret_in_payload", "A payload holds ids, never secrets.", f"{pointer}/{key}"
                )
            _walk(inner, f"{pointer}/{key}", depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _walk(inner, f"{pointer}/{place}", depth + 1)
    elif isinstance(value, str) and "\x00" in value:
        raise PayloadRefused("payload_invalid", "Text holds no NUL.", pointer)
