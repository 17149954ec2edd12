"""Trying a model: one real, short call, how long its phases took, and what to change when it fails."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.redaction import redact_text
from laojun import outbound_async
from taishang.catalogue import keys
from taishang.models import Kind, Model
from taishang.providers.base import (
    ChatPrompt,
    Connection,
    Done,
    EmbeddingPrompt,
    Event,
    Prompt,
    RerankPrompt,
    Scores,
    Text,
    Thought,
    UnknownProvider,
    Vectors,
    provider_for,
)
from taishang.providers.errors import ErrorClass, ProviderError

MOST_SECONDS = 15.0
MOST_TOKENS = 16
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
# What the connection itself says when it stands; the later one counts with TLS.
CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")
Tell = Callable[[str, int], None]


@dataclass(frozen=True)
class Trial:
    """What is tried: a model's row as it was when somebody asked, its key opened."""

    model_id: int
    row_version: int
    kind: str
    declared: dict[str, Any]
    connection: Connection | None = None
    refused: ErrorClass | None = None


@dataclass(frozen=True)
class Outcome:
    """How it went. Units: ms from the beginning; None where it never came so far. `field` is where to mend it."""

    ok: bool
    total_ms: int
    connect_ms: int | None = None
    first_token_ms: int | None = None
    error_class: str = ""
    message: str = ""
    detail: str = ""
    field: str = ""
    capabilities: dict[str, Any] = dataclasses.field(default_factory=dict)


def prepare(model: Model) -> Trial:
    """Read what the call needs, while the database is at hand."""
    trial = Trial(
        model.pk,
        model.row_version,
        model.kind,
        {"dimension": model.embedding_dimension, "streaming": model.supports_streaming},
    )
    try:
        connection = keys.connection_of(model)
    except ProviderError as error:
        return replace(trial, refused=error.error_class)
    except UnknownProvider:
        return replace(trial, refused=ErrorClass.MODEL_MISSING)
    bounded = replace(
        connection.timeouts,
        connect=min(connection.timeouts.connect, MOST_SECONDS),
        first=min(connection.timeouts.first, MOST_SECONDS),
        total=min(connection.timeouts.total, MOST_SECONDS),
    )
    return replace(trial, connection=replace(connection, timeouts=bounded))


async def run(trial: Trial, tell: Tell | None = None) -> Outcome:
    """Make the call; never raises. `tell(phase, ms)` hears of connect and first. Outside any transaction: it waits."""
    watch = _Watch(tell)
    if trial.refused is not None or trial.connection is None:
        return watch.failed(ProviderError(trial.refused or ErrorClass.UNKNOWN))
    try:
        async with asyncio.timeout(MOST_SECONDS):
            seen = await _call(trial, trial.connection, watch)
    except ProviderError as error:
        return watch.failed(error)
    except TimeoutError:
        late = (
            ErrorClass.IDLE_TIMEOUT
            if watch.passed_at.get("first")
            else ErrorClass.FIRST_TOKEN_TIMEOUT
        )
        return watch.failed(ProviderError(late))
    fault = _contradiction(trial, seen)
    if fault:
        return watch.refused(*fault, seen)
    return watch.succeeded(seen)


def note(trial: Trial, outcome: Outcome) -> bool:
    """Keep the outcome with the row, unless it changed meanwhile or is not ours to write."""
    rows = Model.objects.filter(pk=trial.model_id, row_version=trial.row_version)
    return bool(
        rows.update(
            last_test_at=timezone.now(),
            last_test_ok=outcome.ok,
            last_test_ms=outcome.total_ms,
            last_test_error_class=outcome.error_class,
        )
    )


async def _call(trial: Trial, connection: Connection, watch: _Watch) -> dict[str, Any]:
    """What was seen of the model: how much text, in how many pieces, how long its vectors are."""
    seen: dict[str, Any] = {"pieces": 0}
    async for event in _asked(connection, trial.kind, watch):
        if isinstance(event, Text | Thought | Vectors | Scores):
            watch.passed("first")
            seen["pieces"] += 1
        if isinstance(event, Vectors) and event.vectors:
            seen["dimension"] = len(event.vectors[0])
        if isinstance(event, Scores):
            seen["scores"] = len(event.scores)
    return seen


async def _asked(connection: Connection, kind: str, watch: _Watch) -> AsyncIterator[Event]:
    """The one way to the model: over connections of its own, so that the first phase is seen, closed at the end."""
    async with outbound_async.opened("model") as client:
        client.event_hooks["request"].append(watch.follow)
        provider = await provider_for(connection, client=client)
        async with aclosing(provider.execute(QUESTIONS[kind])) as answer:  # type: ignore[type-var]
            async for event in answer:
                yield event
                if isinstance(event, Done):
                    return


def _contradiction(trial: Trial, seen: dict[str, Any]) -> tuple[str, str] | None:
    """The field that says something else than the answer, and a sentence."""
    told, found = trial.declared["dimension"], seen.get("dimension")
    if trial.kind == Kind.EMBEDDING and found != told:
        words = _("Its vectors have %(found)s numbers, not %(told)s. Enter %(found)s as dimension.")
        return "embedding_dimension", words % {"found": found or 0, "told": told}
    if trial.kind == Kind.RERANK and seen.get("scores") != 2:
        return "model_id", _("It did not score both documents. Is this a reranking model?")
    return None


class _Watch:
    """When each phase was over. Units: ms."""

    def __init__(self, tell: Tell | None) -> None:
        self.started = time.monotonic()
        self.passed_at: dict[str, int] = {}
        self._tell = tell

    def passed(self, phase: str) -> None:
        if phase not in self.passed_at:
            self.passed_at[phase] = self._ms()
            if self._tell:
                self._tell(phase, self.passed_at[phase])

    async def follow(self, request: Any) -> None:
        request.extensions["trace"] = self._traced

    async def _traced(self, event: str, _info: Any) -> None:
        if event in CONNECTED:
            self.passed("connect")

    def succeeded(self, seen: dict[str, Any]) -> Outcome:
        return self._outcome(ok=True, capabilities=seen)

    def refused(self, name: str, sentence: str, seen: dict[str, Any]) -> Outcome:
        return self._outcome(
            ok=False,
            error_class=str(ErrorClass.BAD_REQUEST),
            message=sentence,
            field=name,
            capabilities=seen,
        )

    def failed(self, error: ProviderError) -> Outcome:
        return self._outcome(
            ok=False,
            error_class=str(error.error_class),
            message=error.mending,
            detail=redact_text(error.detail),
            field=FIELDS.get(error.error_class, ""),
        )

    def _outcome(self, **said: Any) -> Outcome:
        return Outcome(
            total_ms=self._ms(),
            connect_ms=self.passed_at.get("connect"),
            first_token_ms=self.passed_at.get("first"),
            **said,
        )

    def _ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)
