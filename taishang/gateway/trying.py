"""Trying a model: one real, short call, how long its phases took, and what to change when it fails."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts import tenancy
from accounts.models import User
from accounts.tenancy import Context
from laojun.destinations import BlockedAddress
from laojun.outbound import NotConnected, NotTrusted
from taishang.catalogue import keys
from taishang.catalogue.refusals import CatalogueRefused
from taishang.gateway import bridge
from taishang.gateway.asks import Ask, Caller
from taishang.gateway.database import asking, place
from taishang.gateway.events import Failed, Scores, Text, Thought, Vectors
from taishang.gateway.refusals import CallFailed, CapabilityMissing, ContextTooLong
from taishang.gateway.streams import Stream
from taishang.models import Kind, Model
from taishang.providers.base import (
    ChatPrompt,
    Connection,
    EmbeddingPrompt,
    Prompt,
    RerankPrompt,
    UnknownProvider,
    spec_of,
)
from taishang.providers.errors import MENDING, ErrorClass, ProviderError
from taishang.quotas.reserving import QuotaExceeded

PURPOSE = "test"
# By its path: HTTP clients are not loaded at start.
REACH = "laojun.outbound_async.reach"
MOST_SECONDS = 15.0
MOST_TOKENS = 16
QUOTA = "quota"
# The field of the form in which the cause of a failure stands.
FIELDS = {
    ErrorClass.AUTH: "api_key",
    ErrorClass.PERMISSION: "api_key",
    ErrorClass.PROVIDER_QUOTA: "api_key",
    ErrorClass.KEY_UNREADABLE: "api_key",
    ErrorClass.MODEL_MISSING: "model_id",
    ErrorClass.CONNECT: "base_url",
    ErrorClass.TLS: "base_url",
    ErrorClass.PROTOCOL: "base_url",
    ErrorClass.BLOCKED_ADDRESS: "base_url",
    ErrorClass.FIRST_TOKEN_TIMEOUT: "base_url",
}
QUESTIONS: dict[str, Prompt] = {
    Kind.CHAT: ChatPrompt(
        [{"role": "user", "content": "Say OK."}], params={"max_tokens": MOST_TOKENS}
    ),
    Kind.EMBEDDING: EmbeddingPrompt(["a test"], input_type="query"),
    Kind.RERANK: RerankPrompt("a fruit", ["an apple", "a stone"]),
}
# What was tried: a row that says something else by now was not.
ASKED = ("provider", "model_id", "base_url", "api_key_encrypted")
ANTICIPATED = (
    ProviderError,
    CallFailed,
    QuotaExceeded,
    CapabilityMissing,
    ContextTooLong,
    BlockedAddress,
    TimeoutError,
    UnknownProvider,
    CatalogueRefused,
)
BOUNDED = ("connect_timeout_s", "first_token_timeout_s", "idle_timeout_s", "total_timeout_s")


@dataclass(frozen=True)
class Trial:
    """Who tries which row, as it was when they asked, where the call is charged, and what request it came by."""

    model: Model
    user: User | None
    workspace_id: int | None
    caller: Caller = dataclasses.field(default_factory=Caller)

    @property
    def user_id(self) -> UUID | None:
        return self.user.pk if self.user else None


@dataclass(frozen=True)
class Phase:
    """A part of the way is done. `name` is connect or first. Units: ms since the beginning."""

    name: str
    ms: int


@dataclass(frozen=True)
class Outcome:
    """How it went. Units: ms since the beginning; None where it never came so far. `field` is where to mend it.

    `capabilities` are what was seen: pieces, dimension, scores.
    """

    ok: bool
    total_ms: int
    connect_ms: int | None = None
    first_token_ms: int | None = None
    error_class: str = ""
    message: str = ""
    field: str = ""
    capabilities: dict[str, Any] = dataclasses.field(default_factory=dict)


def outcome_of(trial: Trial) -> Outcome:
    """Try it and keep the outcome with the row, for synchronous callers outside any transaction."""
    return bridge.run(_last(trial))


async def steps(trial: Trial) -> AsyncGenerator[Phase | Outcome, None]:
    """The phases as they pass, then the outcome, which is kept with the row. Never raises what a call may end with.

    Outside any transaction: it waits up to 15 s.
    """
    watch = _Watch(trial.model.embedding_dimension)
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for phase in _way(trial, watch):
                yield phase
        outcome = watch.judged(trial.model)
    except ANTICIPATED as error:
        outcome = watch.ended_by(error)
    await asking(lambda: _keep(trial, outcome))
    yield outcome


async def _last(trial: Trial) -> Outcome:
    async with aclosing(steps(trial)) as told:
        async for step in told:
            if isinstance(step, Outcome):
                return step
    raise RuntimeError("a trial ended without an outcome")


async def _way(trial: Trial, watch: _Watch) -> AsyncGenerator[Phase, None]:
    model = _bounded(trial.model)
    connection = keys.connection_of(model)
    with tenancy.adopted(Context(trial.user_id, trial.workspace_id)):
        if not spec_of(model.provider).is_in_process and connection.base_url:
            await _reach(connection)
            yield watch.passed("connect")
    ask = Ask(
        model,
        QUESTIONS[model.kind],
        PURPOSE,
        trial.workspace_id,
        user=trial.user,
        is_streaming=model.kind == Kind.CHAT and model.supports_streaming,
        caller=trial.caller,
    )
    async with aclosing(Stream(ask)) as events:
        async for event in events:
            if isinstance(event, Failed):
                raise ProviderError(event.error_class)
            if isinstance(event, Text | Thought | Vectors | Scores):
                if watch.first is None:
                    yield watch.passed("first")
                watch.see(event)


async def _reach(connection: Connection) -> None:
    """Whether anything answers at the address at all, before anything is asked of it."""
    reach = await asyncio.to_thread(import_string, REACH)
    try:
        await reach(connection.base_url, purpose="model", seconds=connection.timeouts.connect)
    except NotTrusted as error:
        raise ProviderError(ErrorClass.TLS) from error
    except NotConnected as error:
        raise ProviderError(ErrorClass.CONNECT) from error


def _bounded(model: Model) -> Model:
    """The row with the patience of a trial, and open to whatever dimension comes; never to be saved."""
    usual = keys.timeouts_of(model)
    for name, seconds in zip(
        BOUNDED, (usual.connect, usual.first, usual.gap, usual.total), strict=True
    ):
        setattr(model, name, min(seconds, MOST_SECONDS))
    model.embedding_dimension = None
    return model


def _keep(trial: Trial, outcome: Outcome) -> None:
    """With the row, unless that changed meanwhile or is not this person's to write."""
    with place(trial.workspace_id, trial.user_id):
        asked = {name: getattr(trial.model, name) for name in ASKED}
        Model.objects.filter(pk=trial.model.pk, **asked).update(
            last_test_at=timezone.now(),
            last_test_ok=outcome.ok,
            last_test_ms=outcome.total_ms,
            last_test_error_class=outcome.error_class[:30],
        )


class _Watch:
    """When each phase was over and what was seen. Units: ms."""

    def __init__(self, dimension: int | None) -> None:
        self.dimension = dimension
        self.started = time.monotonic()
        self.connect: int | None = None
        self.first: int | None = None
        self.seen: dict[str, Any] = {"pieces": 0}

    def passed(self, name: str) -> Phase:
        setattr(self, name, self._ms())
        return Phase(name, self._ms())

    def see(self, event: Text | Thought | Vectors | Scores) -> None:
        self.seen["pieces"] += 1
        if isinstance(event, Vectors) and event.vectors:
            self.seen["dimension"] = len(event.vectors[0])
        if isinstance(event, Scores):
            self.seen["scores"] = len(event.scores)

    def late(self) -> ErrorClass:
        return ErrorClass.FIRST_TOKEN_TIMEOUT if self.first is None else ErrorClass.IDLE_TIMEOUT

    def judged(self, model: Model) -> Outcome:
        """Whether what was seen is what the row says."""
        if model.kind == Kind.EMBEDDING and self.seen.get("dimension") != self.dimension:
            words = _("Its vectors have %(found)s numbers. Enter %(found)s as the dimension.")
            sentence = words % {"found": self.seen.get("dimension", 0)}
            return self.refused(ErrorClass.BAD_REQUEST, "embedding_dimension", sentence)
        if model.kind == Kind.RERANK and self.seen.get("scores") != 2:
            words = _("It did not score both documents. Is this a reranking model?")
            return self.refused(ErrorClass.BAD_REQUEST, "model_id", words)
        return self._outcome(ok=True)

    def ended_by(self, error: Exception) -> Outcome:
        if isinstance(error, ProviderError | CallFailed):
            return self.failed(error.error_class)
        if isinstance(error, QuotaExceeded):
            return self.refused(QUOTA, "", _("The AI quota is used up, so nothing was tried."))
        if isinstance(error, CapabilityMissing | ContextTooLong):
            words = _(
                "The window or the longest answer is too small for a call. Enter the real sizes."
            )
            return self.refused(ErrorClass.CONTEXT_TOO_LONG, "context_window", words)
        if isinstance(error, BlockedAddress):
            return self.failed(ErrorClass.BLOCKED_ADDRESS)
        if isinstance(error, TimeoutError):
            return self.failed(self.late())
        return self.failed(ErrorClass.MODEL_MISSING)

    def failed(self, error_class: ErrorClass) -> Outcome:
        return self.refused(
            error_class, FIELDS.get(error_class, ""), str(MENDING[ErrorClass(error_class)])
        )

    def refused(self, error_class: str, field: str, sentence: str) -> Outcome:
        return self._outcome(ok=False, error_class=str(error_class), message=sentence, field=field)

    def _outcome(self, **said: Any) -> Outcome:
        return Outcome(
            total_ms=self._ms(),
            connect_ms=self.connect,
            first_token_ms=self.first,
            capabilities=self.seen,
            **said,
        )

    def _ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)
