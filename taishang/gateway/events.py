"""What a caller of the gateway hears: the same events for every provider, then exactly one that ends."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from taishang.providers.base import Scores, Text, Thought, ToolCall, Usage, Vectors
from taishang.providers.errors import ErrorClass

__all__ = [
    "Content",
    "Ended",
    "Event",
    "Failed",
    "Scores",
    "Start",
    "Stopped",
    "Text",
    "Thought",
    "ToolCall",
    "Usage",
    "Vectors",
]


@dataclass(frozen=True)
class Start:
    """Who answers. Comes first, and once: a model that failed before it said anything is never named.

    `note` says in words why it is not the model that was asked for; `fallback_of` is the call that failed.
    """

    call_id: UUID
    model: str
    note: str = ""
    is_degraded: bool = False
    fallback_of: UUID | None = None
    is_cached: bool = False


@dataclass(frozen=True)
class Ended:
    """The answer is whole. `cost` None is unknown."""

    finish_reason: str
    cost: Decimal | None = None


@dataclass(frozen=True)
class Failed:
    """The call failed; what had arrived was delivered and is billed."""

    error_class: ErrorClass
    message: str
    is_retryable: bool = False
    retry_after: float | None = None

    @property
    def code(self) -> str:
        return f"provider_{self.error_class}"


@dataclass(frozen=True)
class Stopped:
    """Somebody stopped the call; what had arrived is billed."""


Content = Text | Thought | ToolCall | Vectors | Scores
Terminal = Ended | Failed | Stopped
Event = Start | Content | Usage | Terminal
