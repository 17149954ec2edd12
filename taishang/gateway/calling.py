"""What the rest of the platform asks of models: answers, streams, vectors, scores, counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NotRequired, TypedDict, Unpack

from django.utils import timezone

from accounts.models import User, Workspace
from taishang.gateway import bridge, hops, targets
from taishang.gateway.answers import Answer, whole
from taishang.gateway.asks import Ask, Caller
from taishang.gateway.database import place, refuse_open_transaction
from taishang.gateway.events import Event
from taishang.gateway.streams import Stream
from taishang.models import Model, ModelCall
from taishang.providers.base import ChatPrompt, EmbeddingPrompt, Prompt, RerankPrompt
from taishang.quotas import reserving


class Wish(TypedDict):
    """What every call says besides its prompt.

    `model` is a reference (`@alias`, `name`, `name@version`), a row, or None for the default. `purpose` is what the
    use is filed under. `subject` is the kind and id of the thing it is about. `on_finish(call, text)` runs in the
    transaction that settles the call, inside its workspace. With `cache` an equal wish may be answered from memory.
    """

    model: str | Model | None
    purpose: str
    user: User | None
    workspace: Workspace | int | None
    subject: NotRequired[tuple[str, str] | None]
    cache: NotRequired[bool]
    on_finish: NotRequired[Callable[[ModelCall, str], None] | None]
    caller: NotRequired[Caller]


@dataclass(frozen=True)
class Estimate:
    """What a call would use. Units: tokens; costs in the platform's currency, None where the price is unknown."""

    model: str
    input_tokens: int
    is_exact: bool
    most_output_tokens: int
    least_cost: Decimal | None
    most_cost: Decimal | None


def stream(*, prompt: Prompt, **wish: Unpack[Wish]) -> Stream:
    """The call as it happens, to be read in an event loop. Nothing is sent before it is opened or read.

    Raises NetworkInTransaction at once; opening raises QuotaExceeded, ModelNotFound, ModelDisabled,
    NoModelConfigured, ModelNotInPlan, CapabilityMissing, ContextTooLong, CallFailed.
    """
    return Stream(_ask(prompt, wish, is_streaming=True))


def complete(
    *,
    prompt: ChatPrompt,
    watch: Callable[[], None] | None = None,
    heard: Callable[[Event], None] | None = None,
    **wish: Unpack[Wish],
) -> Answer:
    """The whole answer, for synchronous callers outside any transaction.

    `watch` is called twice a second; when it raises (a task that was cancelled) the call is stopped. `heard` is told of
    every event as it comes, in another thread. Raises what opening a stream does, CallFailed, CallCancelled.
    """
    return _answered(_ask(prompt, wish, is_streaming=heard is not None), watch, heard)


def embed(
    *, prompt: EmbeddingPrompt, watch: Callable[[], None] | None = None, **wish: Unpack[Wish]
) -> Answer:
    """Vectors of the prompt's inputs, in their order. Raises as `complete`."""
    return _answered(_ask(prompt, wish), watch)


def rerank(
    *, prompt: RerankPrompt, watch: Callable[[], None] | None = None, **wish: Unpack[Wish]
) -> Answer:
    """One score for each document, in their order. Raises as `complete`."""
    return _answered(_ask(prompt, wish), watch)


def count(*, prompt: Prompt, **wish: Unpack[Wish]) -> int:
    """The prompt's tokens as the chosen model counts them, without a call. Raises as choosing a model does."""
    return estimate(prompt=prompt, **wish).input_tokens


def estimate(*, prompt: Prompt, **wish: Unpack[Wish]) -> Estimate:
    """Tokens and the range of costs, without a call. Raises as choosing a model, CapabilityMissing, ContextTooLong."""
    ask = _ask(prompt, wish)
    with place(ask.workspace_id, ask.user_id):
        payer = reserving.payer(workspace_id=ask.workspace_id, user=ask.user)
        target = targets.choose(ask, payer, at=timezone.now()).chain[0]
    plan = hops.plan(ask, target)
    tokens = plan.counted.tokens
    return Estimate(
        target.label,
        tokens,
        plan.counted.exact,
        plan.most_output,
        target.prices.cost(input_tokens=tokens, output_tokens=0),
        target.prices.cost(input_tokens=tokens, output_tokens=plan.most_output),
    )


def _answered(
    ask: Ask,
    watch: Callable[[], None] | None,
    heard: Callable[[Event], None] | None = None,
) -> Answer:
    refuse_open_transaction()
    call = Stream(ask)
    return bridge.run(whole(call, heard), watch=watch, stop=call.stop)


def _ask(prompt: Prompt, wish: Wish, *, is_streaming: bool = False) -> Ask:
    workspace = wish["workspace"]
    return Ask(
        wish["model"],
        prompt,
        wish["purpose"],
        workspace.pk if isinstance(workspace, Workspace) else workspace,
        user=wish["user"],
        subject=wish.get("subject"),
        cache=wish.get("cache", False),
        is_streaming=is_streaming,
        on_finish=wish.get("on_finish"),
        caller=wish.get("caller", Caller()),
    )
