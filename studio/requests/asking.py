"""Asking the AI: what would be sent is built and compared with what was shown; the row and its task are written together."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from accounts.authentication import Principal
from accounts.ids import uuid7
from laojun import audit
from studio import context
from studio.context import Built, Wish
from studio.models import AIRequest
from studio.models.base import moment_of
from studio.prose import rebasing
from studio.requests.refusals import BaseMoved, ContextChanged, RequestRunning
from taishang import queue
from taishang.models import Task
from taishang.queue import DuplicateTask

GENERATE = "studio.generate"
ANALYZE = "studio.analyze"
SUBJECT = "studio.ai_request"
MOST_VARIANTS = 3


@dataclass(frozen=True)
class Asked:
    """What asking wrote. `built` is what will be sent."""

    request: AIRequest
    task: Task
    built: Built


def ask(
    *,
    principal: Principal,
    wish: Wish,
    base_revision: int | None = None,
    context_sha256: str = "",
    variants: int = 1,
    parent: AIRequest | None = None,
) -> Asked:
    """Raises BaseMoved, ContextChanged, RequestRunning, and what building a context raises."""
    chapter = wish.scope.chapter
    if chapter is not None and base_revision not in (None, chapter.revision):
        raise BaseMoved(chapter.revision)
    built = context.build(principal=principal, wish=wish)
    if context_sha256 and context_sha256 != built.sha256:
        raise ContextChanged(preview=context.preview(built))
    request = draft(principal=principal, wish=wish, built=built, variants=variants)
    request.parent_id = parent.pk if parent else None
    kind = ANALYZE if request.request_type == AIRequest.Type.ANALYZE else GENERATE
    task = enqueue(principal=principal, request=request, kind=kind)
    request.task_id = task.pk
    request.save(force_insert=True)
    audit.record(
        actor=principal,
        action="ai_request.asked",
        target=("ai_request", request.pk),
        details={"type": request.request_type, "agent": str(wish.agent.pk)},
    )
    return Asked(request, task, built)


def draft(*, principal: Principal, wish: Wish, built: Built, variants: int = 1) -> AIRequest:
    """A request that is not written yet."""
    scope, number = wish.scope, uuid7()
    user = principal.user
    request = AIRequest(
        id=number,
        created_at=moment_of(number),
        workspace_id=scope.work.workspace_id,
        user=user,
        user_name=str(user)[:150],
        work=scope.work,
        chapter=scope.chapter,
        agent=wish.agent,
        agent_version=wish.agent.version,
        request_type=scope.request_type,
        instruction=scope.instruction,
        input_text=built.input_text,
        variants=variants,
        context=built.stored,
        context_sha256=built.sha256,
        context_tokens=built.fitted.tokens,
        chat_id=scope.chat.pk if scope.chat else None,
        trace_id=audit.current_facts().trace_id,
    )
    if scope.chapter is not None:
        # What replaces nothing stands at the end of what is selected.
        start = scope.start if built.input_text else scope.end
        before, after = rebasing.margins(scope.content, start, scope.end)
        request.base_revision = request.anchor_revision = scope.chapter.revision
        request.range_start, request.range_end = start, scope.end
        request.anchor_prefix, request.anchor_suffix = before, after
        request.anchor_quote = built.input_text[:200]
        request.anchor_state = AIRequest.AnchorState.ANCHORED
    return request


def enqueue(*, principal: Principal, request: AIRequest, kind: str) -> Task:
    """The task, one at a time for each person, kind of help and place. Raises RequestRunning."""
    place = request.chat_id or request.chapter_id or request.work_id
    try:
        with_request = {"request_id": str(request.pk)}
        return queue.enqueue(
            kind=kind,
            payload=with_request,
            workspace=request.workspace_id,
            user=principal.user,
            api_key_id=principal.api_key_id,
            dedup_key=f"studio:{place}:{request.user_id}:{request.request_type}",
            on_duplicate="refuse",
            subject_type=SUBJECT,
            subject_id=str(request.pk),
            trace_id=request.trace_id,
        )
    except DuplicateTask as error:
        raise RequestRunning(UUID(error.task.payload["request_id"])) from error
