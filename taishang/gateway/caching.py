"""Answers that were asked for before, where the caller wants them: never across workspaces, never a person's for others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

import orjson
from django.core.cache import cache
from django.utils import timezone

from taishang.gateway.asks import Ask
from taishang.gateway.events import Content, Scores, Text, Thought, ToolCall, Vectors
from taishang.models import Model, ModelCall
from taishang.models.call import moment_of
from taishang.quotas.reserving import Payer
from taishang.usage.recording import day_of

KEPT_SECONDS = 7 * 24 * 3600
MAX_BYTES = 256 * 1024
KINDS: dict[str, type] = {
    "text": Text,
    "thought": Thought,
    "tool": ToolCall,
    "vectors": Vectors,
    "scores": Scores,
}
NAMES = {kind: name for name, kind in KINDS.items()}


@dataclass(frozen=True)
class Answer:
    """What was said, in its pieces."""

    events: Sequence[Content] = field(default_factory=tuple)
    finish_reason: str = "stop"


def key_of(ask: Ask, model: Model) -> str:
    """One key for each workspace, owner of a personal model, model row, prompt with all its parameters, and generation."""
    text = orjson.dumps(
        {
            "workspace": ask.workspace_id,
            "owner": str(model.owner_id or ""),
            "model": [model.pk, model.base_url],
            "kind": ask.kind,
            "prompt": asdict(ask.prompt),
            "generation": generation(ask.workspace_id),
        },
        option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS,
        default=str,
    )
    return f"ai:{hashlib.sha256(text).hexdigest()}"


def generation(workspace_id: int | None) -> str:
    """What all keys of a workspace hold. It is a new one whenever it was forgotten, also by Redis."""
    name = _generation_key(workspace_id)
    found = cache.get(name)
    if found is None:
        cache.add(name, uuid4().hex, KEPT_SECONDS * 4)
        found = cache.get(name) or uuid4().hex
    return str(found)


def forget(*, workspace_id: int | None) -> None:
    """No answer that was kept until now is given again."""
    cache.set(_generation_key(workspace_id), uuid4().hex, KEPT_SECONDS * 4)


def find(key: str) -> Answer | None:
    """A kept answer; a hit is kept for seven days more."""
    stored = cache.get(key)
    if not isinstance(stored, dict):
        return None
    cache.touch(key, KEPT_SECONDS)
    return Answer([_event(entry) for entry in stored["events"]], stored["finish_reason"])


def keep(key: str, answer: Answer) -> None:
    stored = {
        "events": [{"kind": NAMES[type(event)], **asdict(event)} for event in answer.events],
        "finish_reason": answer.finish_reason,
    }
    if len(orjson.dumps(stored)) <= MAX_BYTES:
        cache.set(key, stored, KEPT_SECONDS)


def row_of_hit(ask: Ask, payer: Payer, model: Model, answer: Answer) -> ModelCall:
    """The row of an answer that cost nothing."""
    now = timezone.now()
    call = ModelCall(
        workspace_id=payer.workspace_id,
        user_id=payer.user_id,
        api_key_id=ask.caller.api_key_id,
        task_id=ask.caller.task_id,
        trace_id=ask.caller.trace_id[:64],
        model_id=model.pk,
        asked_for=ask.asked_for,
        kind=ask.kind,
        purpose=ask.purpose[:50],
        params=ask.kept_params,
        is_streaming=ask.is_streaming,
        is_cached=True,
        status=ModelCall.Status.SUCCEEDED,
        finish_reason=answer.finish_reason,
        cost=Decimal(0),
        started_at=now,
        completed_at=now,
        duration_ms=0,
        stat_date=day_of(now),
    )
    call.created_at = moment_of(call.id)
    return call


def _event(entry: dict[str, Any]) -> Content:
    values = dict(entry)
    return KINDS[values.pop("kind")](**values)


def _generation_key(workspace_id: int | None) -> str:
    return f"ai-generation:{workspace_id or 0}"
