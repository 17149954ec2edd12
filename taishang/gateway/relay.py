"""One call from its wish to its end: try, try again, let another model answer, settle, and say so exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial

from django.utils import timezone

from accounts import tenancy
from accounts.tenancy import Context
from taishang.gateway import breakers, caching, hops, ledger, retrying, settling, targets, upstream
from taishang.gateway.asks import Ask
from taishang.gateway.billing import Bill
from taishang.gateway.channel import Channel, ReaderAway
from taishang.gateway.database import asking, place
from taishang.gateway.events import Ended, Failed, Start, Stopped, Terminal, Usage
from taishang.gateway.hops import Hop
from taishang.gateway.refusals import (
    CallFailed,
    CapabilityMissing,
    ContextTooLong,
)
from taishang.gateway.targets import Choice, Target
from taishang.models import ModelCall
from taishang.providers.base import Done
from taishang.providers.errors import ErrorClass, ProviderError
from taishang.quotas import reserving
from taishang.quotas.reserving import Payer, QuotaExceeded


class Relay:
    """Opened (everything that can be refused is refused), then run to its end, perhaps in another loop."""

    _channel: Channel

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._payer = Payer(ask.workspace_id)
        self._choice = Choice(())
        self._hop: Hop | None = None
        self._has_started = False
        self._cache_key = ""
        self._cached: caching.Answer | None = None

    @property
    def call(self) -> ModelCall | None:
        return self._hop.call if self._hop else None

    # Opening

    async def open(self) -> None:
        """Choose, check, count and reserve. Raises what the gateway refuses with; then nothing is left behind."""
        self._payer, self._choice = await asking(self._chosen)
        first = self._choice.chain[0]
        if self._ask.cache:
            self._cache_key = await asking(partial(caching.key_of, self._ask, first.model))
            self._cached = await asking(partial(caching.find, self._cache_key))
            if self._cached is not None:
                return
        try:
            self._hop = await self._reserved(self._choice.chain)
        except QuotaExceeded as refused:
            self._hop = await self._degraded(refused)

    def _chosen(self) -> tuple[Payer, Choice]:
        ask = self._ask
        with place(ask.workspace_id, ask.user_id):
            payer = reserving.payer(workspace_id=ask.workspace_id, user=ask.user)
            return payer, targets.choose(ask, payer, at=timezone.now())

    async def _reserved(
        self, chain: Sequence[Target], *, after: Hop | None = None, is_degraded: bool = False
    ) -> Hop:
        """The first target that may be asked, can do it and fits the limits; what the first one refused else."""
        refusal: Exception | None = None
        for target in chain:
            try:
                return await self._begun(target, after=after, is_degraded=is_degraded)
            except (CallFailed, CapabilityMissing, ContextTooLong, QuotaExceeded) as error:
                refusal = refusal or error
                if not _may_pass_on(error):
                    break
        raise refusal or CallFailed(ErrorClass.BREAKER_OPEN)

    async def _begun(self, target: Target, *, after: Hop | None, is_degraded: bool) -> Hop:
        """Reserve on one target, if its breaker lets it be asked; a probe that came to nothing is another one's turn."""
        name = breakers.name_of(target.model)
        if not await asking(partial(breakers.admits, name)):
            raise CallFailed(ErrorClass.BREAKER_OPEN, retry_after=breakers.OPEN_SECONDS)
        try:
            plan = await asking(partial(hops.plan, self._ask, target))
            return await hops.begin(
                plan,
                self._payer,
                is_degraded=is_degraded,
                fallback_of=after.call if after else None,
            )
        except BaseException:
            breakers.gave_up(name)
            raise

    async def _degraded(self, refused: QuotaExceeded) -> Hop:
        """Go on with a model that the limits still allow, or count the refusal and say no."""
        found = await asking(partial(self._stand_ins, refused))
        for target in found:
            try:
                return await self._reserved([target], is_degraded=True)
            except (CallFailed, CapabilityMissing, ContextTooLong, QuotaExceeded):
                continue
        await asking(partial(ledger.refuse, payer=self._payer))
        raise refused

    def _stand_ins(self, refused: QuotaExceeded) -> list[Target]:
        ask = self._ask
        with place(ask.workspace_id, ask.user_id):
            return targets.stand_ins(ask, self._payer, self._choice, refused, at=timezone.now())

    # Running

    async def abandon(self) -> None:
        """Give back what was reserved, nobody having asked for anything."""
        if self._hop is not None:
            outcome = self._hop.outcome(Stopped(), Bill())
            await settling.settle(self._hop.call, self._payer, outcome)
            await self._hop.release()
            breakers.gave_up(self._hop.breaker)

    async def run(self, channel: Channel) -> None:
        """Everything after the reservation, to the one event that ends it. Cancelling this task stops the call."""
        self._channel = channel
        try:
            if self._cached is not None:
                await self._answer_from_cache(self._cached)
                return
            hop = self._hop
            while hop is not None:
                hop = await self._run_hop(hop)
        finally:
            self._channel.close()

    async def _run_hop(self, hop: Hop) -> Hop | None:
        """One call to its end; the next one when another model takes over."""
        self._hop = hop
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if task is not None:
                loop.call_soon_threadsafe(task.cancel)

        hop.hold(stop)
        end = await self._played(hop)
        # From here on nothing may stop it: whoever cancels now is answered by the end itself.
        following = asyncio.ensure_future(self._finish(hop, end))
        return await _unstoppable(following)

    async def _finish(self, hop: Hop, end: Terminal) -> Hop | None:
        billed = await asking(hop.bill)
        if billed.is_odd:
            hop.call.params = {**hop.call.params, "provider_count_refused": True}
        outcome = hop.outcome(end, billed)
        chain = retrying.others(hop, self._choice.chain) if isinstance(end, Failed) else []
        on_finish = self._ask.on_finish
        # Whoever asked hears of the last call alone.
        await settling.settle(hop.call, self._payer, outcome, ledger.leave if chain else on_finish)
        await hop.release()
        if chain:
            try:
                return await self._reserved(chain, after=hop)
            except (CallFailed, CapabilityMissing, ContextTooLong, QuotaExceeded):
                await settling.hand_over(hop.call, self._payer, outcome, on_finish)
        self._start(hop)
        self._channel.leave(
            Usage(billed.input_tokens, billed.output_tokens, billed.cached_input_tokens)
        )
        if isinstance(end, Ended):
            end = Ended(end.finish_reason, hop.call.cost)
            await self._remember(hop, end)
        self._channel.leave(end)
        return None

    async def _played(self, hop: Hop) -> Terminal:
        """Ask until there is an answer or no more try is due. Swallows the wish to stop: it is how this call ends."""
        try:
            with tenancy.adopted(
                Context(user_id=self._payer.user_id, workspace_id=self._payer.workspace_id)
            ):
                return await self._tried(hop)
        except (asyncio.CancelledError, ReaderAway):
            if task := asyncio.current_task():
                task.uncancel()
            breakers.gave_up(hop.breaker)
            return Stopped()

    async def _tried(self, hop: Hop) -> Terminal:
        while True:
            try:
                await self._heard(hop)
            except ProviderError as error:
                hop.fault = error
                await asking(partial(breakers.failed, hop.breaker, error.error_class))
                seconds = retrying.pause(hop, error)
                if seconds is None:
                    return Failed(
                        error.error_class, error.mending, error.is_retryable, error.retry_after
                    )
                hop.tries += 1
                await asyncio.sleep(seconds)
                continue
            hop.fault = None
            breakers.succeeded(hop.breaker)
            return Ended(hop.finish_reason)

    async def _heard(self, hop: Hop) -> None:
        """One try. Raises ProviderError."""
        async with aclosing(upstream.ask(hop.plan.connection, hop.plan.prompt)) as events:
            async for event in events:
                if isinstance(event, Done):
                    hop.finish_reason, hop.request_id = event.finish_reason, event.request_id
                    return
                hop.hear(event)
                if not isinstance(event, Usage):
                    self._start(hop)
                    await self._channel.put(event)

    def _start(self, hop: Hop) -> None:
        if self._has_started:
            return
        self._has_started = True
        self._channel.leave(
            Start(
                hop.call.id,
                hop.target.label,
                hop.target.note,
                is_degraded=hop.is_degraded,
                fallback_of=hop.call.fallback_of,
            )
        )

    # The cache

    async def _answer_from_cache(self, answer: caching.Answer) -> None:
        target = self._choice.chain[0]
        call = caching.row_of_hit(self._ask, self._payer, target.model, answer)
        await asking(partial(ledger.record_cached, call=call, payer=self._payer))
        self._channel.leave(Start(call.id, target.label, target.note, is_cached=True))
        for event in answer.events:
            await self._channel.put(event)
        self._channel.leave(Usage(0, 0))
        self._channel.leave(Ended(answer.finish_reason, call.cost))

    async def _remember(self, hop: Hop, end: Ended) -> None:
        if self._cache_key and hop.call.fallback_of is None and not hop.is_degraded:
            answer = caching.Answer([*hop.delivered], end.finish_reason)
            await asking(partial(caching.keep, self._cache_key, answer))


def _may_pass_on(error: Exception) -> bool:
    """Whether the next of the chain is asked when one cannot be: never past what a limit or the prompt refuses."""
    if isinstance(error, CallFailed):
        return error.error_class == ErrorClass.BREAKER_OPEN
    return isinstance(error, ContextTooLong)


async def _unstoppable(future: asyncio.Future[Hop | None]) -> Hop | None:
    """Wait for something that goes on although this task is told to stop."""
    task = asyncio.current_task()
    while not future.done():
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            if future.cancelled() or task is None:
                raise
            task.uncancel()
    return future.result()
