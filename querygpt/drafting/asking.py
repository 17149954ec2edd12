"""One call of a model for one attempt: outside any transaction, its words passed on while they come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.models import User
from querygpt.drafting import prompting, replies
from querygpt.drafting.prompting import Material, Written
from querygpt.drafting.replies import Reply
from taishang import gateway
from taishang.catalogue.refusals import CatalogueRefused
from taishang.gateway.answers import Answer
from taishang.gateway.asks import Caller
from taishang.gateway.events import Event, Text
from taishang.gateway.refusals import (
    CallCancelled,
    CallFailed,
    CapabilityMissing,
    ContextTooLong,
    ModelNotInPlan,
)
from taishang.models import Model
from taishang.providers.base import ChatPrompt
from taishang.quotas.reserving import QuotaExceeded

PURPOSE = "querygpt"
SUBJECT = "querygpt_message"
MOST_ANSWER_TOKENS = 2_048
SPARE_TOKENS = 512
LEAST_TOKENS = 400


class DraftFailed(Exception):
    """No usable reply. `code` is the gateway's class, `ai_quota_exceeded`, `model_format` or `missing_sql`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Draft:
    """A model's reply, and what left the house for it. Units: tokens; `cost` None is unknown."""

    reply: Reply
    shown: Written
    model: str
    call_id: UUID
    input_tokens: int
    output_tokens: int
    cost: Decimal | None


@dataclass(frozen=True)
class Asker:
    """For whom and about what a model is asked."""

    workspace_id: int
    user: User | None
    message_id: UUID
    task_id: UUID | None = None
    trace_id: str = ""


def draft(
    *,
    material: Material,
    model: Model,
    asker: Asker,
    watch: Callable[[], None] | None = None,
    on_text: Callable[[str], None] | None = None,
) -> Draft:
    """Ask for SQL. `on_text` hears all that has arrived so far; `watch` is called twice a second and may raise.

    Raises DraftFailed, and what `watch` raises. Not to be called inside a transaction.
    """
    shown = prompting.written(material, budget=budget_of(model), count=roughly)
    answer = _answered(_prompt(shown, model), model, asker, watch, on_text)
    reply = replies.read(answer.text)
    if reply is None:
        raise DraftFailed(
            "missing_sql" if answer.text.strip() else "model_format", answer.text[:200]
        )
    return Draft(
        reply=reply,
        shown=shown,
        model=answer.model,
        call_id=answer.call_id,
        input_tokens=answer.usage.input_tokens,
        output_tokens=answer.usage.output_tokens,
        cost=answer.cost,
    )


def budget_of(model: Model) -> int:
    """How long a prompt may be, so that the answer fits beside it. Units: tokens."""
    room = model.context_window - _answer_tokens(model) - SPARE_TOKENS
    return max(LEAST_TOKENS, min(prompting.MOST_TOKENS, room))


def roughly(text: str) -> int:
    """Tokens of a text, rather too many than too few: a Chinese character is one, three others are one."""
    wide = sum(1 for one in text if ord(one) > 0x2E80)
    return wide + (len(text) - wide) // 3 + 1


def _answer_tokens(model: Model) -> int:
    return min(MOST_ANSWER_TOKENS, model.max_output_tokens, model.context_window // 4)


def _prompt(shown: Written, model: Model) -> ChatPrompt:
    messages = shown.messages
    if not model.supports_system:
        joined = "\n\n".join(message["content"] for message in messages)
        messages = [{"role": "user", "content": joined}]
    form = None
    if model.supports_json_schema:
        schema = {"name": "answer", "strict": True, "schema": replies.SCHEMA}
        form = {"type": "json_schema", "json_schema": schema}
    params = {"temperature": 0, "max_tokens": _answer_tokens(model)}
    return ChatPrompt(messages, params=params, response_format=form)


def _answered(
    prompt: ChatPrompt,
    model: Model,
    asker: Asker,
    watch: Callable[[], None] | None,
    on_text: Callable[[str], None] | None,
) -> Answer:
    wish: dict[str, Any] = {
        "model": model,
        "purpose": PURPOSE,
        "user": asker.user,
        "workspace": asker.workspace_id,
        "subject": (SUBJECT, str(asker.message_id)),
        "caller": Caller(task_id=asker.task_id, trace_id=asker.trace_id),
    }
    try:
        heard = _teller(on_text) if on_text and model.supports_streaming else None
        return gateway.complete(prompt=prompt, watch=watch, heard=heard, **wish)
    except QuotaExceeded as error:
        raise DraftFailed("ai_quota_exceeded", str(error)) from error
    except (CatalogueRefused, ModelNotInPlan, CapabilityMissing, ContextTooLong) as error:
        raise DraftFailed(error.code, str(error)) from error
    except CallFailed as error:
        raise DraftFailed(error.code, error.detail) from error
    except CallCancelled as error:
        raise DraftFailed(error.code) from error


def _teller(on_text: Callable[[str], None]) -> Callable[[Event], None]:
    """Tells `on_text` of all the text so far with every piece of it."""
    pieces: list[str] = []

    def heard(event: Event) -> None:
        if isinstance(event, Text):
            pieces.append(event.text)
            on_text("".join(pieces))

    return heard
