"""How a request ends: with the call that is settled, in the same transaction; with its task; or by the sweep."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from accounts import news
from accounts.models import User
from studio import findings, proposals
from studio.models import Agent, AIRequest, Batch, BatchItem, Work
from studio.models.base import moment_of
from studio.prose import answers
from studio.requests import live
from taishang.models import ModelCall

PROPOSING = frozenset(
    {"continue", "rewrite", "polish", "expand", "condense", "generate", "outline"}
)
# What a model says when it stopped of itself.
WHOLE = frozenset({"stop", "end_turn", "tool_calls"})
MOST_ERROR = 500
DONE, PARTIAL, FAILED = "ai_done", "ai_partial", "ai_failed"
STATUS = {
    ModelCall.Status.SUCCEEDED: AIRequest.Status.COMPLETED,
    ModelCall.Status.CANCELLED: AIRequest.Status.CANCELLED,
}


def row(request_id: UUID, *, lock: bool = False) -> AIRequest | None:
    """The request by its id, in the month its id tells. Inside its workspace."""
    rows = AIRequest.objects.filter(pk=request_id, created_at=moment_of(request_id))
    return (rows.select_for_update(of=("self",)) if lock else rows).first()


def take(call: ModelCall, text: str, *, request_id: UUID, number: int, of: int) -> None:
    """The end of one of a request's calls, in the transaction that settles it.

    `number` counts from 1: variants of an answer, or pieces of a chapter that is checked.
    """
    request = row(request_id, lock=True)
    if request is None:
        return
    said = answers.clean(text)
    succeeded = call.status == ModelCall.Status.SUCCEEDED
    cut = not succeeded or call.finish_reason not in WHOLE
    request.model_call_id = call.pk
    request.finish_reason = call.finish_reason
    request.is_partial = request.is_partial or (cut and bool(said))
    fields = ["model_call_id", "finish_reason", "is_partial", "updated_at"]
    if said and (number == 1 or not request.output_text):
        request.output_text = said
        fields.append("output_text")
    if request.request_type == AIRequest.Type.ANALYZE:
        request.context = {**request.context, "report": findings.keep(request=request, answer=said)}
        fields.append("context")
    elif said and request.request_type in PROPOSING:
        proposals.offer(request=request, variant=number, text=said, is_partial=cut)
    request.save(update_fields=fields)
    if not succeeded or number == of:
        state = STATUS.get(ModelCall.Status(call.status), AIRequest.Status.FAILED)
        code = f"provider_{call.error_class}" if state == AIRequest.Status.FAILED else ""
        end(request_id, status=state, code=code)


def orphaned(call: ModelCall, text: str) -> None:
    """A call whose process died: what had arrived becomes a proposal, and the request has failed."""
    request_id = UUID(call.subject_id)
    request = row(request_id)
    if request is None:
        return
    if request.batch_item_id is not None:
        # The batch writes the chapter anew; what this try used counts.
        items = BatchItem.objects.filter(pk=request.batch_item_id)
        Batch.objects.filter(pk__in=items.values("batch_id")).update(
            spent=F("spent") + (call.cost or 0)
        )
        end(request_id, status=AIRequest.Status.FAILED, code="interrupted")
        return
    take(call, text, request_id=request_id, number=_next_variant(request), of=request.variants)


def end(request_id: UUID, *, status: str, code: str = "") -> bool:
    """Write the end of a live request, in the caller's transaction and workspace. False when it had ended."""
    rows = AIRequest.objects.live().filter(pk=request_id, created_at=moment_of(request_id))
    ended = rows.update(status=status, error_message=code[:MOST_ERROR], updated_at=Now())
    if ended and status == AIRequest.Status.COMPLETED:
        agents = AIRequest.objects.filter(pk=request_id, created_at=moment_of(request_id))
        Agent.objects.filter(pk__in=agents.values("agent_id"), workspace__isnull=False).update(
            usage_count=F("usage_count") + 1, updated_at=timezone.now()
        )
    if ended and status != AIRequest.Status.CANCELLED:
        _tell(request_id)
    return bool(ended)


def _tell(request_id: UUID) -> None:
    """Whoever asked hears of the end, unless a page of theirs shows it; of a batch its own news are enough."""
    request = row(request_id)
    if request is None or request.batch_item_id is not None or live.is_watched(request_id):
        return
    asker = User.objects.filter(pk=request.user_id).first()
    work = Work.objects.filter(pk=request.work_id).first()
    if asker is None or work is None:
        return
    if request.status == AIRequest.Status.FAILED:
        letter = FAILED
    else:
        letter = PARTIAL if request.is_partial else DONE
    place: news.Link = ("work", work.pk)
    if request.chapter_id is not None:
        place = ("studio_chapter", f"{work.pk}/{request.chapter_id}")
    news.tell(
        letter,
        user=asker,
        link=place,
        workspace_id=request.workspace_id,
        dedup_key=f"{letter}:{request.chapter_id or work.pk}",
        kind=request.get_request_type_display(),
        work=work.title,
    )


def begin(request_id: UUID) -> bool:
    """Mark a waiting request as being written. False when it is not waiting."""
    rows = AIRequest.objects.filter(pk=request_id, created_at=moment_of(request_id))
    waiting = rows.filter(status=AIRequest.Status.PENDING)
    return bool(waiting.update(status=AIRequest.Status.PROCESSING, updated_at=Now()))


def _next_variant(request: AIRequest) -> int:
    return proposals.offered(request) + 1
