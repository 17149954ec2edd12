"""The rows of a work that may go beside a passage, read as pieces. Nothing of another work, nothing a rule hides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from studio.context.entries import Entry, pieces
from studio.context.parts import Piece
from studio.models import (
    AIRequest,
    Chapter,
    Character,
    CharacterRelation,
    Chat,
    Scene,
    Work,
    WorldEntry,
    WorldEntryCharacter,
)
from studio.prose import clipping

WORDS_BEFORE = 1_500
WORDS_AFTER = 300
WORDS_NEARBY = 2_000
CARD_WORDS = 300
ENTRY_WORDS = 400
TAIL_WORDS = 1_000
SUMMARY_WORDS = 200
MOST_EARLIER = 200
MOST_TURNS = 40
# Types that read a passage to change it, and those that read the whole chapter.
CHANGING = frozenset({"rewrite", "polish", "expand", "condense"})
WHOLE = frozenset({"analyze", "summarize"})
# Types that write at the caret.
WRITING = frozenset({"continue", "generate"})


@dataclass(frozen=True)
class Scope:
    """Where in a work the help is wanted. Units: positions are code points of the chapter's text."""

    work: Work
    request_type: str
    chapter: Chapter | None = None
    start: int = 0
    end: int = 0
    instruction: str = ""
    pins: tuple[str, ...] = ()
    chat: Chat | None = None
    groups: frozenset[str] = field(default_factory=frozenset)

    @property
    def content(self) -> str:
        return self.chapter.content if self.chapter else ""

    @property
    def selection(self) -> str:
        return self.content[self.start : self.end]


class UnknownPin(ValueError):
    """A pin names nothing of this work."""

    def __init__(self, pin: str) -> None:
        super().__init__(pin)
        self.pin = pin


def gather(scope: Scope) -> list[Piece]:
    """Every piece that the agent may be sent. Cost: at most eight queries. Raises UnknownPin."""
    found = [*_passage(scope), *_card(scope.work)]
    if scope.groups & {"always", "entries"} or scope.pins:
        found += _entries(scope)
    if scope.chapter is not None and scope.groups & {"synopses", "tail"}:
        found += _story(scope, scope.chapter)
    elif "synopses" in scope.groups:
        found += _skeleton(scope)
    if scope.chat is not None and "chat" in scope.groups:
        found += _talk(scope.chat)
    return [one for one in found if one.group in scope.groups and one.text.strip()]


def _passage(scope: Scope) -> Iterator[Piece]:
    if scope.chapter is None:
        return
    if scope.request_type in WHOLE and not scope.selection:
        yield Piece(
            "text:selection", "text", scope.chapter.title, scope.content, "passage", cut="never"
        )
        return
    before, after = scope.content[: scope.start], scope.content[scope.end :]
    words = WORDS_AFTER if scope.selection else WORDS_BEFORE
    if scope.selection:
        yield Piece("text:selection", "text", "", scope.selection, "passage", cut="tail")
    yield Piece(
        "text:before", "text", "", clipping.tail(before, words), "before", rank=1, cut="head"
    )
    yield Piece(
        "text:after", "text", "", clipping.head(after, WORDS_AFTER), "after", rank=2, cut="tail"
    )


def _card(work: Work) -> Iterator[Piece]:
    facts = [work.title, work.genre, work.description, *_told(work.settings, "pov", "tense")]
    card = "\n".join(str(fact) for fact in facts if fact)
    yield Piece(
        f"work:{work.pk}", "work_card", work.title, clipping.clipped(card, CARD_WORDS), "work"
    )
    guide = work.settings.get("styleGuide")
    if isinstance(guide, str):
        yield Piece(
            "style", "work_card", "", clipping.clipped(guide, CARD_WORDS), "style", rank=1, place=1
        )


def _told(settings: dict[str, Any], *names: str) -> Iterator[str]:
    return (f"{name}: {settings[name]}" for name in names if settings.get(name))


def _entries(scope: Scope) -> list[Piece]:
    known = [*_people(scope.work), *_world(scope.work)]
    keys = {one.key for one in known}
    for pin in scope.pins:
        if pin not in keys:
            raise UnknownPin(pin)
    return pieces(_joined(scope.work, known), passages=_passages(scope), pins=scope.pins)


def _passages(scope: Scope) -> list[str]:
    """Where names are looked for: the instruction, the selection, the text just before, the scene at hand."""
    near = clipping.tail(scope.content[: scope.start], WORDS_NEARBY)
    whole = scope.content if scope.request_type in WHOLE else ""
    return [scope.instruction, scope.selection, near, whole, *_scene(scope)]


def _scene(scope: Scope) -> list[str]:
    if scope.chapter is None:
        return []
    rows = Scene.objects.alive().filter(
        work=scope.work,
        chapter=scope.chapter,
        start_position__lte=scope.start,
        end_position__gte=scope.start,
    )
    return [
        "\n".join((one.title, one.description, one.location, one.goal, one.conflict))
        for one in rows.order_by("start_position", "id")[:3]
    ]


def _people(work: Work) -> Iterator[Entry]:
    for one in Character.objects.alive().filter(work=work).order_by("name", "id"):
        told = [one.role, one.description, *_attributes(one.attributes)]
        yield Entry(
            f"character:{one.pk}",
            one.name,
            clipping.clipped("\n".join(line for line in told if line), ENTRY_WORDS) or one.name,
            tuple(one.aliases),
            one.ai_inclusion,
            tuple(one.exclusions),
            one.case_sensitive,
        )


def _attributes(attributes: dict[str, Any]) -> Iterator[str]:
    for name, value in sorted(attributes.items()):
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        if shown and not isinstance(shown, dict):
            yield f"{name}: {shown}"


def _world(work: Work) -> Iterator[Entry]:
    for one in WorldEntry.objects.alive().filter(work=work).order_by("title", "id"):
        yield Entry(
            f"world:{one.pk}",
            one.title,
            clipping.clipped(one.content, ENTRY_WORDS) or one.title,
            tuple(one.aliases),
            one.ai_inclusion,
            related=frozenset({f"world:{one.parent_id}"} if one.parent_id else ()),
        )


def _joined(work: Work, known: Sequence[Entry]) -> list[Entry]:
    """The entries with what they are related to, both ways."""
    pairs = [(one.key, other) for one in known for other in one.related]
    relations = CharacterRelation.objects.filter(work=work)
    for begins, ends in relations.values_list("from_character_id", "to_character_id"):
        pairs.append((f"character:{begins}", f"character:{ends}"))
    cast = WorldEntryCharacter.objects.filter(work=work)
    for entry, character in cast.values_list("entry_id", "character_id"):
        pairs.append((f"world:{entry}", f"character:{character}"))
    near: dict[str, set[str]] = {one.key: set() for one in known}
    for first, second in pairs:
        if first in near and second in near:
            near[first].add(second)
            near[second].add(first)
    return [_with(one, near[one.key]) for one in known]


def _with(entry: Entry, related: Collection[str]) -> Entry:
    return Entry(
        entry.key,
        entry.title,
        entry.text,
        entry.names,
        entry.inclusion,
        entry.exclusions,
        entry.is_case_sensitive,
        frozenset(related),
    )


def _chapters(work: Work) -> QuerySet[Chapter]:
    return Chapter.objects.alive().filter(work=work).in_order()


def _story(scope: Scope, chapter: Chapter) -> Iterator[Piece]:
    """What comes before and after, nearest first; the texts of other chapters are not read but the last one's."""
    rows = list(_chapters(scope.work).values_list("pk", "title", "synopsis", "summary"))
    here = next((at for at, row in enumerate(rows) if row[0] == chapter.pk), len(rows))
    for place, at in enumerate((here, here + 1)):
        if at < len(rows):
            pk, title, synopsis, _ = rows[at]
            reason = "this_chapter" if at == here else "next_chapter"
            yield Piece(
                f"synopsis:{pk}", "synopses", title, synopsis, reason, rank=place, place=place
            )
    earlier = rows[max(0, here - MOST_EARLIER) : here]
    if not earlier:
        return
    yield _last_words(earlier[-1][0], earlier[-1][1], len(earlier))
    for rank, (pk, title, synopsis, summary) in enumerate(reversed(earlier), start=1):
        yield Piece(
            f"chapter:{pk}",
            "tail",
            title,
            clipping.clipped(summary or synopsis, SUMMARY_WORDS),
            "summary",
            rank=rank,
            place=len(earlier) - rank,
        )
    titles = "\n".join(row[1] for row in earlier if row[1])
    yield Piece("titles", "tail", "", titles, "titles", rank=len(rows) + 1, place=-1, cut="head")


def _last_words(pk: UUID, title: str, place: int) -> Piece:
    content = Chapter.objects.filter(pk=pk).values_list("content", flat=True).get()
    words = clipping.tail(content, TAIL_WORDS)
    return Piece(f"tail:{pk}", "tail", title, words, "previous", place=place, cut="head")


def _skeleton(scope: Scope) -> Iterator[Piece]:
    """The work's chapters with their synopses, for whoever asks about all of it."""
    rows = _chapters(scope.work).values_list("pk", "title", "synopsis", "summary")[:MOST_EARLIER]
    for place, (pk, title, synopsis, summary) in enumerate(rows):
        told = clipping.clipped(synopsis or summary, SUMMARY_WORDS) or title
        yield Piece(f"chapter:{pk}", "synopses", title, told, "outline", rank=place, place=place)


def _talk(chat: Chat) -> Iterator[Piece]:
    """The turns so far, as they were said; the newest are kept first."""
    turns = AIRequest.objects.filter(chat_id=chat.pk, work_id=chat.work_id, status="completed")
    for rank, turn in enumerate(turns.order_by("-created_at", "-id")[:MOST_TURNS]):
        both = (("assistant", turn.output_text, 0), ("user", turn.instruction, 1))
        for role, text, step in both:
            yield Piece(
                f"turn:{turn.pk}:{role}",
                "chat",
                "",
                text,
                "talk",
                rank=2 * rank + step,
                place=-(2 * rank + step),
                role=role,
            )
