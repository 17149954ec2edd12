"""What a caller wants: the prompt, for what, for whom, and what of it a model must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts.models import User
from taishang.models import Model, ModelCall
from taishang.providers.base import ChatPrompt, EmbeddingPrompt, ModelKind, Prompt, RerankPrompt

# What a call's row keeps of the parameters: numbers and short words, never text of the prompt.
KEPT_PARAMETERS = frozenset(
    {"temperature", "top_p", "max_tokens", "seed", "presence_penalty", "frequency_penalty"}
)


@dataclass(frozen=True)
class Caller:
    """Where a call comes from, for its row: the key, task and request behind it."""

    api_key_id: UUID | None = None
    task_id: UUID | None = None
    trace_id: str = ""


@dataclass(frozen=True)
class Ask:
    """One wish. `model` is a reference (`@alias`, `name`, `name@version`), a row, or None for the default.

    `subject` is the kind and id of the thing it is about. `on_finish(call, text)` runs in the transaction that
    settles the call. With `cache` an equal ask of the same workspace may be answered from the cache.
    """

    model: str | Model | None
    prompt: Prompt
    purpose: str
    workspace_id: int | None
    user: User | None = None
    subject: tuple[str, str] | None = None
    cache: bool = False
    is_streaming: bool = False
    on_finish: Callable[[ModelCall, str], None] | None = None
    caller: Caller = field(default_factory=Caller)

    @property
    def kind(self) -> ModelKind:
        if isinstance(self.prompt, ChatPrompt):
            return "chat"
        return "embedding" if isinstance(self.prompt, EmbeddingPrompt) else "rerank"

    @property
    def user_id(self) -> UUID | None:
        return self.user.id if self.user else None

    @property
    def asked_for(self) -> str:
        return str(self.model or "")[:150]

    @property
    def kept_params(self) -> dict[str, Any]:
        if not isinstance(self.prompt, ChatPrompt):
            return {}
        given = self.prompt.params
        return {name: given[name] for name in sorted(KEPT_PARAMETERS & set(given))}


def capabilities(prompt: Prompt, *, is_streaming: bool) -> list[str]:
    """What a model must be able to do, as the columns `supports_…` name it."""
    if not isinstance(prompt, ChatPrompt):
        return []
    needed = ["streaming"] if is_streaming else []
    if prompt.tools:
        needed.append("function_calling")
    if (prompt.response_format or {}).get("type") == "json_schema":
        needed.append("json_schema")
    if any(message.get("role") == "system" for message in prompt.messages):
        needed.append("system")
    if any(_has_image(message) for message in prompt.messages):
        needed.append("vision")
    return needed


def batch_size(prompt: Prompt) -> int:
    if isinstance(prompt, EmbeddingPrompt):
        return len(prompt.inputs)
    return len(prompt.documents) if isinstance(prompt, RerankPrompt) else 1


def _has_image(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    return isinstance(content, list) and any(part.get("type") == "image_url" for part in content)
