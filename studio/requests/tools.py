"""Another wording by plugins: they see the passage that is selected, and what they answer are proposals like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accounts.authentication import Principal
from accounts.ids import uuid7
from laojun import audit
from laojun.plugins import host
from laojun.plugins.points import TEXT_TOOL
from studio import proposals
from studio.context import InstructionTooLong, NothingSelected
from studio.models import AIRequest, Chapter, Work
from studio.models.base import moment_of
from studio.prose import rebasing
from studio.requests import asking, finishing
from studio.requests.live import Voice
from studio.requests.refusals import BaseMoved, SuggestionsOff
from studio.requests.wishes import SETTING
from taishang.runs import Run

KIND = "studio.tool"
HOOK = TEXT_TOOL.name
# Code points: of the passage, of the text before and after it, of the wish.
MOST_SELECTED, BEFORE, AFTER, MOST_WISH = 20_000, 1_500, 300, 2_000
MOST_ANSWERS = 10
FAILED = "text_tool_failed"


def are_here(workspace_id: int | None) -> bool:
    """Whether a plugin of the workspace would be asked."""
    return workspace_id is not None and host.is_used(HOOK, workspace_id)


def ask(
    *,
    principal: Principal,
    work: Work,
    chapter: Chapter,
    span: tuple[int, int],
    base_revision: int | None = None,
    instruction: str = "",
) -> AIRequest:
    """Ask every text tool of the workspace about a passage, as a task. Units: code points.

    Raises SuggestionsOff, BaseMoved, NothingSelected, InstructionTooLong, RequestRunning.
    """
    if work.settings.get(SETTING) is False:
        raise SuggestionsOff
    if base_revision not in (None, chapter.revision):
        raise BaseMoved(chapter.revision)
    start, end = span
    passage = chapter.content[start:end] if 0 <= start < end <= len(chapter.content) else ""
    if not passage.strip():
        raise NothingSelected
    if len(passage) > MOST_SELECTED or len(instruction) > MOST_WISH:
        raise InstructionTooLong(counted=len(passage), budget=MOST_SELECTED)
    request = _drafted(principal, work, chapter, (start, end), instruction)
    task = asking.enqueue(principal=principal, request=request, kind=KIND)
    request.task_id = task.pk
    request.save(force_insert=True)
    audit.record(
        actor=principal,
        action="ai_request.asked",
        target=("ai_request", request.pk),
        details={"type": request.request_type, "tool": HOOK},
    )
    return request


def run(run: Run) -> dict[str, Any] | None:
    """The handler of `studio.tool`: each answer that fits is a variant; none at all is a failure."""
    request_id = UUID(run.payload["request_id"])
    with run.database():
        request = finishing.row(request_id)
        begun = finishing.begin(request_id)
        shown = _payload(request) if request and begun else None
    if request is None or shown is None:
        return {"status": "gone"}
    answers = host.call(HOOK, request.workspace_id, shown)
    run.check(fresh=True)
    fine = [
        (one.slug, str(one.outcome.output["proposal"]))
        for one in answers
        if one.outcome.is_ok and isinstance(one.outcome.output, Mapping)
    ]
    with run.database():
        _keep(request_id, fine[:MOST_ANSWERS])
    Voice(request_id).changed()
    return {"request_id": str(request_id)}


def _keep(request_id: UUID, answers: list[tuple[str, str]]) -> None:
    request = finishing.row(request_id, lock=True)
    if request is None:
        return
    for variant, (_slug, text) in enumerate(answers, start=1):
        proposals.offer(request=request, variant=variant, text=text, is_partial=False)
    request.context = {**request.context, "model": ", ".join(slug for slug, _text in answers)}
    request.variants = max(1, len(answers))
    request.output_text = answers[0][1] if answers else ""
    request.save(update_fields=["context", "variants", "output_text", "updated_at"])
    if answers:
        finishing.end(request_id, status=AIRequest.Status.COMPLETED)
    else:
        finishing.end(request_id, status=AIRequest.Status.FAILED, code=FAILED)


def _payload(request: AIRequest) -> dict[str, Any]:
    """What the hook's schema says; the host shows each plugin only what it was allowed."""
    chapter = Chapter.objects.select_related("work").get(pk=request.chapter_id)
    around = request.context["around"]
    return {
        "selection": request.input_text,
        "context": {"before": around[0], "after": around[1]},
        "language": chapter.work.language,
        "instruction": request.instruction,
    }


def _drafted(
    principal: Principal, work: Work, chapter: Chapter, span: tuple[int, int], instruction: str
) -> AIRequest:
    number, (start, end) = uuid7(), span
    text = chapter.content
    before, after = rebasing.margins(text, start, end)
    return AIRequest(
        id=number,
        created_at=moment_of(number),
        workspace_id=work.workspace_id,
        user=principal.user,
        user_name=str(principal.user)[:150],
        work=work,
        chapter=chapter,
        request_type=AIRequest.Type.REWRITE,
        instruction=instruction,
        input_text=text[start:end],
        context={"around": [text[max(0, start - BEFORE) : start], text[end : end + AFTER]]},
        base_revision=chapter.revision,
        range_start=start,
        range_end=end,
        anchor_revision=chapter.revision,
        anchor_prefix=before,
        anchor_suffix=after,
        anchor_quote=text[start:end][:200],
        anchor_state=AIRequest.AnchorState.ANCHORED,
        trace_id=audit.current_facts().trace_id,
    )
