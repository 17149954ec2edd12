"""What somebody asks for by ids and numbers, as rows that they may use for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from accounts.authentication import Principal
from studio.agents import choosing
from studio.context import Scope, Wish
from studio.models import Agent, Chapter, Chat, Work
from studio.requests.refusals import BaseMoved, SuggestionsOff

SETTING = "enableAiSuggestions"


class FieldRefused(ValueError):
    """A value names nothing that may be used here. `field` says which."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def wish(*, principal: Principal, work: Work, given: Mapping[str, Any]) -> Wish:
    """Shapes: `given` has `type`, and may have `chapter`, `range_start`, `range_end`, `base_revision`, `instruction`,
    `agent`, `model`, `length`, `pins`, `excluded`, `chat`.

    Raises FieldRefused, SuggestionsOff, BaseMoved, WrongAgent.
    """
    if work.settings.get(SETTING) is False:
        raise SuggestionsOff
    chapter = _chapter(principal, work, given.get("chapter"))
    wanted = given.get("base_revision")
    if chapter is not None and wanted not in (None, chapter.revision):
        raise BaseMoved(chapter.revision)
    start, end = _span(chapter, given.get("range_start"), given.get("range_end"))
    request_type = given["type"]
    agent = choosing.for_request(
        principal=principal,
        work=work,
        request_type=request_type,
        agent=_agent(principal, given.get("agent")),
    )
    scope = Scope(
        work=work,
        request_type=request_type,
        chapter=chapter,
        start=start,
        end=end,
        instruction=given.get("instruction") or "",
        pins=_keys(given.get("pins")),
        chat=_chat(principal, work, given.get("chat")),
    )
    return Wish(
        scope=scope,
        agent=agent,
        model=given.get("model") or "",
        length=given.get("length"),
        excluded=_keys(given.get("excluded")),
    )


def _chapter(principal: Principal, work: Work, pk: UUID | None) -> Chapter | None:
    if pk is None:
        return None
    chapter = Chapter.objects.visible_to(principal).filter(work=work, pk=pk).first()
    if chapter is None:
        raise FieldRefused("chapter")
    return chapter


def _span(chapter: Chapter | None, start: int | None, end: int | None) -> tuple[int, int]:
    """Without a range the caret stands at the end."""
    if chapter is None:
        return 0, 0
    length = len(chapter.content)
    first = length if start is None else start
    last = first if end is None else end
    if not 0 <= first <= last <= length:
        raise FieldRefused("range_end")
    return first, last


def _agent(principal: Principal, pk: UUID | None) -> Agent | None:
    if pk is None:
        return None
    agent = Agent.objects.visible_to(principal).filter(pk=pk).first()
    if agent is None:
        raise FieldRefused("agent")
    return agent


def _chat(principal: Principal, work: Work, pk: UUID | None) -> Chat | None:
    if pk is None:
        return None
    chat = Chat.objects.visible_to(principal).filter(work=work, pk=pk).first()
    if chat is None:
        raise FieldRefused("chat")
    return chat


def _keys(given: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(sorted(set(given or ())))
