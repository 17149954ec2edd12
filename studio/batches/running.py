"""The task behind a batch: the next chapter is begun only when the one before is in the database."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts import news, permissions
from accounts.authentication import Principal
from accounts.ids import uuid7
from accounts.models import User, Workspace
from studio import context, drafting, proposals
from studio.batches.deciding import State
from studio.context import Built, InstructionTooLong, Scope, Wish
from studio.models import AIRequest, Batch, BatchItem, Chapter
from studio.proposals.deciding import origin_of
from studio.prose import answers
from studio.requests import asking, finishing, writing
from taishang.catalogue.refusals import CatalogueRefused
from taishang.gateway import REFUSED
from taishang.models import ModelCall
from taishang.runs import Cancelled, Run

MOST_TRIES = 2
# Of the cost limit, when its person is told.
WARNED_PART = Decimal("0.8")
# What another try would not mend.
RESTING = frozenset({"ai_quota_exceeded", "no_model_configured", "context_too_long"})
OVER = (BatchItem.State.DONE, BatchItem.State.SKIPPED)


@dataclass(frozen=True)
class Turn:
    """One chapter that is being written: the item, its request, who asks."""

    item: BatchItem
    request: AIRequest
    built: Built
    asker: User


def write(run: Run) -> dict[str, Any]:
    """The handler of `studio.batch`. However often it is run, each chapter is written once, in order."""
    batch_id = UUID(run.payload["batch_id"])
    while True:
        run.check(fresh=True)
        with run.database():
            turn = _next(run, batch_id)
        if turn is None:
            return {"batch_id": str(batch_id)}
        _progress(run, batch_id)
        _written(run, turn)


def _written(run: Run, turn: Turn) -> None:
    take = partial(_take, item_id=turn.item.pk, request_id=turn.request.pk)
    try:
        writing.call(
            run=run,
            request=turn.request,
            model=turn.built.model,
            asker=turn.asker,
            messages=list(turn.built.calls[0]),
            take=take,
        )
    except Cancelled:
        with run.database():
            finishing.end(turn.request.pk, status=AIRequest.Status.CANCELLED)
        raise
    except REFUSED as error:
        with run.database():
            _failed(turn.item.pk, turn.request.pk, error.code)


def _next(run: Run, batch_id: UUID) -> Turn | None:
    """The first chapter that is not over, with its request written; None when the batch rests or is done."""
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch_id)
    if batch.state != State.RUNNING or batch.task_id != run.id:
        return None
    items = BatchItem.objects.filter(batch=batch).exclude(state__in=OVER).order_by("ordinal")
    item = items.select_related("chapter", "work").first()
    if item is None:
        _ends(batch, State.COMPLETED)
        return None
    if item.state == BatchItem.State.FAILED:
        _ends(batch, State.PAUSED, reason="chapter_failed")
        return None
    principal = _principal(run)
    if principal is None or item.chapter.deleted_at is not None:
        reason = "right_gone" if principal is None else "chapter_in_bin"
        _ends(batch, State.PAUSED, reason=reason)
        return None
    return _begun(run, batch, item, principal)


def _begun(run: Run, batch: Batch, item: BatchItem, principal: Principal) -> Turn | None:
    wish = _wish(batch, item)
    try:
        built = context.build(principal=principal, wish=wish)
    except (CatalogueRefused, InstructionTooLong) as error:
        _ends(batch, State.PAUSED, reason=error.code)
        return None
    if _is_too_dear(batch, built):
        _ends(batch, State.PAUSED, reason="cost_limit")
        return None
    if item.request_id is not None:
        # An earlier try whose process died; what it used is billed, what it brought is not taken.
        finishing.end(item.request_id, status=AIRequest.Status.FAILED, code="interrupted")
    request = asking.draft(principal=principal, wish=wish, built=built)
    request.status = AIRequest.Status.PROCESSING
    request.batch_item_id, request.task_id = item.pk, run.id
    request.trace_id = run.task.trace_id
    request.save(force_insert=True)
    BatchItem.objects.filter(pk=item.pk).update(
        state=BatchItem.State.WRITING, request_id=request.pk, updated_at=timezone.now()
    )
    item.request_id = request.pk
    assert principal.user is not None  # noqa: S101 a task acts for somebody
    return Turn(item, request, built, principal.user)


def _wish(batch: Batch, item: BatchItem) -> Wish:
    chapter: Chapter = item.chapter
    end = len(chapter.content)
    told = [chapter.synopsis, str(batch.options.get("instruction", ""))]
    scope = Scope(
        work=item.work,
        request_type=AIRequest.Type.GENERATE,
        chapter=chapter,
        start=end,
        end=end,
        instruction="\n".join(one for one in told if one.strip()),
    )
    assert batch.agent is not None  # noqa: S101 a batch without its agent rests before
    return Wish(
        scope=scope,
        agent=batch.agent,
        model=str(batch.options.get("model", "")),
        length=batch.options.get("length"),
    )


def _is_too_dear(batch: Batch, built: Built) -> bool:
    """Whether this call could pass the limit. A model without a price is never within one."""
    if batch.max_cost is None:
        return False
    return built.most_cost is None or batch.spent + built.most_cost > batch.max_cost


def _take(call: ModelCall, text: str, *, item_id: UUID, request_id: UUID) -> None:
    """The chapter, its version, the item and the money, in the transaction that settles the call."""
    item = BatchItem.objects.select_for_update(of=("self",)).get(pk=item_id)
    request = finishing.row(request_id, lock=True)
    _spend(item.batch_id, call.cost or Decimal(0))
    if request is None or item.request_id != request_id or item.state != BatchItem.State.WRITING:
        return
    said = answers.clean(text)
    request.output_text, request.model_call_id = said, call.pk
    request.finish_reason = call.finish_reason
    request.is_partial = call.status != ModelCall.Status.SUCCEEDED or call.finish_reason == "length"
    request.save(
        update_fields=["output_text", "model_call_id", "finish_reason", "is_partial", "updated_at"]
    )
    if call.status == ModelCall.Status.CANCELLED:
        item.state = BatchItem.State.WAITING
        item.save(update_fields=["state", "updated_at"])
        finishing.end(request_id, status=AIRequest.Status.CANCELLED)
    elif call.status != ModelCall.Status.SUCCEEDED or not said:
        _failed(item_id, request_id, f"provider_{call.error_class or 'protocol'}")
    else:
        _kept(item, request, said)


def _spend(batch_id: UUID, cost: Decimal) -> None:
    """Count what a call cost; who passes four fifths of the limit is told, once."""
    rows = Batch.objects.filter(pk=batch_id)
    rows.update(spent=F("spent") + cost)
    batch = rows.select_related("user", "work").get()
    mark = batch.max_cost and batch.max_cost * WARNED_PART
    if mark and batch.spent - cost < mark <= batch.spent:
        _tell("batch_budget", batch)


def _kept(item: BatchItem, request: AIRequest, said: str) -> None:
    """An empty chapter receives the text; one that somebody has written in receives a proposal."""
    chapter = Chapter.objects.select_for_update(of=("self",)).get(pk=item.chapter_id)
    if chapter.content.strip():
        proposals.offer(request=request, variant=1, text=said, is_partial=request.is_partial)
        item.proposal_id = proposals.of_request(request)
    else:
        user = User.objects.get(pk=request.user_id)
        drafting.save(
            chapter_id=chapter.pk,
            principal=_of(user, item.workspace_id),
            text=said,
            base_revision=chapter.revision,
            save_id=uuid7(),
            kind="ai",
            origin=origin_of(request),
        )
    item.state = BatchItem.State.DONE
    item.save(update_fields=["state", "proposal_id", "updated_at"])
    finishing.end(request.pk, status=AIRequest.Status.COMPLETED)


def _failed(item_id: UUID, request_id: UUID, code: str) -> None:
    """Count a try that brought nothing; the last one stops the batch at this chapter."""
    finishing.end(request_id, status=AIRequest.Status.FAILED, code=code)
    item = BatchItem.objects.select_for_update(of=("self",)).get(pk=item_id)
    if item.state != BatchItem.State.WRITING or item.request_id != request_id:
        return
    item.attempts += 1
    rests = item.attempts >= MOST_TRIES or code in RESTING
    item.state = BatchItem.State.FAILED if rests else BatchItem.State.WAITING
    item.error = code
    item.save(update_fields=["attempts", "state", "error", "updated_at"])


def _ends(batch: Batch, state: str, *, reason: str = "") -> None:
    """The batch rests or is over, and whoever started it is told."""
    rows = Batch.objects.filter(pk=batch.pk, state=State.RUNNING)
    if not rows.update(state=state, pause_reason=reason, updated_at=timezone.now()):
        return
    _tell("batch_paused" if state == State.PAUSED else "batch_done", batch)


def _tell(letter: str, batch: Batch) -> None:
    if batch.user is None:
        return
    news.tell(
        letter,
        user=batch.user,
        link=("studio_batch", str(batch.pk)),
        workspace_id=batch.workspace_id,
        work=batch.work.title,
    )


def _progress(run: Run, batch_id: UUID) -> None:
    with run.database():
        items = BatchItem.objects.filter(batch_id=batch_id)
        total, done = items.count(), items.filter(state__in=OVER).count()
    run.progress(done, total)


def _principal(run: Run) -> Principal | None:
    """Who asked, with what they may do today; None when they may no longer ask models."""
    user = User.objects.filter(pk=run.user_id).first()
    if user is None or run.workspace_id is None:
        return None
    principal = _of(user, run.workspace_id)
    return principal if principal.may("model.use") else None


def _of(user: User, workspace_id: int) -> Principal:
    workspace = Workspace.objects.get(pk=workspace_id)
    held = permissions.of_member(user_id=user.pk, workspace=workspace) or frozenset()
    return Principal(
        "task",
        user,
        workspace_id=workspace_id,
        is_owner=workspace.owner_id == user.pk,
        _held=held,
    )
