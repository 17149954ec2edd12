"""One reserved call on one model: its row, its place, what has arrived, and the end it comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import partial

from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from taishang.gateway import breakers, ledger, places, settling
from taishang.gateway.asks import Ask, capabilities
from taishang.gateway.billing import Bill, Measure, bill
from taishang.gateway.database import asking
from taishang.gateway.events import Content, Ended, Failed, Terminal
from taishang.gateway.leases import Held, keeper
from taishang.gateway.ledger import Outcome
from taishang.gateway.refusals import CallFailed, CapabilityMissing, ContextTooLong
from taishang.gateway.targets import Target
from taishang.models import ModelCall
from taishang.models.call import moment_of
from taishang.providers.base import (
    ChatPrompt,
    Connection,
    Done,
    Event,
    Prompt,
    Text,
    Thought,
    ToolCall,
    Usage,
)
from taishang.providers.counting import Count, count_prompt
from taishang.providers.errors import ErrorClass, ProviderError
from taishang.providers.text import mended
from taishang.quotas.reserving import Amount, Payer, QuotaExceeded
from taishang.usage.recording import day_of

MAX_ANSWER_TOKENS = 4096
# Reservations that are being taken back: the loop must not forget them.
_undoing: set[asyncio.Task[None]] = set()


@dataclass(frozen=True)
class Plan:
    """What is known before a call is reserved: where it goes, what of it, how much that may use."""

    ask: Ask
    target: Target
    connection: Connection
    prompt: Prompt
    counted: Count
    most_output: int

    @property
    def amount(self) -> Amount:
        held = self.counted.to_reserve
        cost = self.target.prices.cost(input_tokens=held, output_tokens=self.most_output)
        model = self.target.model
        return Amount(held + self.most_output, cost, model.scope, model.quota_exempt)


def plan(ask: Ask, target: Target) -> Plan:
    """Check what the model must be able to do and that everything fits. Cost: counts the prompt's tokens.

    Raises CapabilityMissing, ContextTooLong, CallFailed (its key cannot be read).
    """
    model = target.model
    for name in capabilities(ask.prompt, is_streaming=ask.is_streaming):
        if not getattr(model, f"supports_{name}"):
            raise CapabilityMissing(target.label, name)
    counted = count_prompt(ask.prompt, model.tokenizer)
    prompt, most_output = _limited(ask.prompt, model.max_output_tokens)
    if counted.tokens + most_output > model.context_window and ask.kind == "chat":
        raise ContextTooLong(
            counted=counted.tokens, answer=most_output, window=model.context_window
        )
    try:
        connection = target.connection()
    except ProviderError as error:
        raise CallFailed(error.error_class, detail=error.detail) from error
    return Plan(ask, target, connection, prompt, counted, most_output)


def _limited(prompt: Prompt, model_most: int) -> tuple[Prompt, int]:
    """The prompt with the longest answer that is reserved for said in it."""
    if not isinstance(prompt, ChatPrompt):
        return prompt, 0
    wanted = prompt.params.get("max_tokens") or min(model_most, MAX_ANSWER_TOKENS)
    most = min(int(wanted), model_most)
    return replace(prompt, params={**prompt.params, "max_tokens": most}), most


@dataclass(eq=False)
class Hop:
    """One reserved call. `heard` gathers what arrived; nothing of it is in the database but checkpoints."""

    plan: Plan
    payer: Payer
    call: ModelCall
    is_degraded: bool = False
    usage: Usage | None = None
    tries: int = 1
    first_token_at: datetime | None = None
    finish_reason: str = ""
    request_id: str = ""
    fault: ProviderError | None = None
    cost: Decimal | None = None
    _answer: list[str] = field(default_factory=list)
    _unseen: list[str] = field(default_factory=list)
    _kept: AsyncExitStack = field(default_factory=AsyncExitStack)
    has_content: bool = False
    delivered: list[Content] = field(default_factory=list)

    @property
    def target(self) -> Target:
        return self.plan.target

    @property
    def breaker(self) -> str:
        return breakers.name_of(self.target.model)

    @property
    def text(self) -> str:
        """What has arrived of the answer, safe to store."""
        return mended("".join(self._answer))

    def hear(self, event: Event) -> None:
        """Remember what an event brings for billing and checkpoints."""
        if isinstance(event, Usage):
            self.usage = event
            return
        if not self.has_content:
            self.has_content, self.first_token_at = True, timezone.now()
        if self.plan.ask.cache and not isinstance(event, Done):
            self.delivered.append(event)
        if isinstance(event, Text):
            self._answer.append(event.text)
        elif isinstance(event, Thought):
            self._unseen.append(event.text)
        elif isinstance(event, ToolCall):
            self._unseen.append(event.name + event.arguments)

    def bill(self) -> Bill:
        measure = Measure(
            self.plan.counted,
            self.plan.most_output,
            "".join((*self._answer, *self._unseen)),
            self.plan.connection.tokenizer,
        )
        return bill(self.usage, measure, has_content=self.has_content)

    def outcome(self, end: Terminal, billed: Bill) -> Outcome:
        """How the row ends by how the call ended."""
        if isinstance(end, Ended):
            status, error_class = ModelCall.Status.SUCCEEDED, ""
        elif isinstance(end, Failed):
            status, error_class = ModelCall.Status.FAILED, str(end.error_class)
        else:
            status, error_class = ModelCall.Status.CANCELLED, str(ErrorClass.CANCELLED)
        return Outcome(
            status=status,
            finish_reason=self.finish_reason,
            error_class=error_class,
            error_detail=self.fault.detail if self.fault else "",
            http_status=self.fault.http_status if self.fault else None,
            request_id=self.request_id or (self.fault.request_id if self.fault else ""),
            input_tokens=billed.input_tokens,
            output_tokens=billed.output_tokens,
            cached_input_tokens=billed.cached_input_tokens,
            usage_source=billed.source,
            tries=self.tries,
            text=self.text,
            first_token_at=self.first_token_at,
            completed_at=timezone.now(),
        )

    def hold(self, stop: Callable[[], None]) -> None:
        """From now on the lease is renewed, wishes to stop are heard, text is saved."""
        keeper().hold(Held(self.call, stop, lambda: self.text))

    async def release(self) -> None:
        """Give the model's place back; the row has ended, or waits for whoever settles it."""
        keeper().let_go(self.call)
        await self._kept.aclose()


async def begin(
    plan: Plan, payer: Payer, *, is_degraded: bool = False, fallback_of: ModelCall | None = None
) -> Hop:
    """Wait for a place of the model, then reserve (T1). Raises QuotaExceeded; then nothing is held."""
    model = plan.target.model
    kept = AsyncExitStack()
    asked_at = timezone.now()
    most = model.max_parallel or (
        places.LOCAL_PARALLEL if model.provider == "local" else places.CLOUD_PARALLEL
    )
    await kept.enter_async_context(places.place(model.pk, most, workspace_id=payer.workspace_id))
    try:
        call = _new_call(plan, payer, is_degraded=is_degraded, fallback_of=fallback_of)
        call.queue_ms = int((call.started_at - asked_at).total_seconds() * 1000)
        await _reserved(call, plan, payer)
    except BaseException:
        await kept.aclose()
        raise
    return Hop(plan, payer, call, is_degraded=is_degraded, _kept=kept)


async def _reserved(call: ModelCall, plan: Plan, payer: Payer) -> None:
    """T1. Whoever leaves while it runs takes it back as soon as it is done."""
    reserving = asyncio.ensure_future(
        asking(partial(ledger.reserve, call=call, payer=payer, amount=plan.amount))
    )
    try:
        await asyncio.shield(reserving)
    except asyncio.CancelledError:
        undoing = asyncio.ensure_future(_undone(reserving, call, payer))
        _undoing.add(undoing)
        undoing.add_done_callback(_undoing.discard)
        raise


async def _undone(reserving: asyncio.Future[None], call: ModelCall, payer: Payer) -> None:
    try:
        await reserving
    except (QuotaExceeded, DatabaseError, InterfaceError):
        return
    status, error_class = ModelCall.Status.CANCELLED, str(ErrorClass.CANCELLED)
    await settling.settle(call, payer, Outcome(status, error_class=error_class))


def _new_call(
    plan: Plan, payer: Payer, *, is_degraded: bool, fallback_of: ModelCall | None
) -> ModelCall:
    ask, target, amount = plan.ask, plan.target, plan.amount
    call = ModelCall(
        workspace_id=payer.workspace_id,
        user_id=payer.user_id,
        api_key_id=ask.caller.api_key_id,
        task_id=ask.caller.task_id,
        trace_id=ask.caller.trace_id[:64],
        model_id=target.model.pk,
        asked_for=ask.asked_for,
        fallback_of=fallback_of.id if fallback_of else None,
        degraded=is_degraded,
        kind=ask.kind,
        purpose=ask.purpose[:50],
        params=ask.kept_params,
        is_streaming=ask.is_streaming,
        # As we counted it, until the end says more.
        input_tokens=plan.counted.tokens,
        reserved_tokens=0 if amount.is_exempt else amount.tokens,
        reserved_cost=amount.cost or Decimal(0),
        price_id=target.prices.price_id,
        prices=target.prices.as_texts(),
        lease_owner=keeper().owner,
        started_at=timezone.now(),
    )
    if ask.subject:
        call.subject_type, call.subject_id = ask.subject[0][:50], str(ask.subject[1])[:64]
    call.created_at = moment_of(call.id)
    call.stat_date = day_of(call.started_at)
    return call
