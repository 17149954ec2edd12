"""Two texts that began as one: what both people did, and the decisions that only a person makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.web.access import needs, principal_of
from accounts.web.problems import words
from studio import drafting
from studio.models import Chapter, ChapterVersion
from studio.prose import differences, merging
from studio.prose.differences import Piece
from studio.views.access import chapter_of, editable_chapter
from studio.views.longform import long_form
from studio.views.writing import device_of

MINE, THEIRS, BOTH, EDIT = "mine", "theirs", "both", "edit"


@dataclass(frozen=True)
class Choice:
    """A hunk on the page; `picked` is what stands chosen, empty for what must be decided."""

    number: int
    hunk: merging.Hunk
    picked: str
    edited: str


@never_cache
@needs("work.update")
@long_form
def merge(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """My kept version against what stands now; what is chosen is saved on top of it."""
    editable_chapter(request, work_id, chapter_id)
    chapter = chapter_of(request, work_id, chapter_id)
    mine = _version(request, chapter)
    base = _base(request, chapter, mine)
    merged = merging.merge(
        base if base is not None else chapter.content, mine.content, chapter.content
    )
    if request.method == "POST" and request.POST.get("theirs") == str(chapter.revision):
        choices = [_choice(request, n, hunk) for n, hunk in enumerate(_open(merged))]
        if all(one.picked for one in choices):
            return _saved(request, chapter, merged, choices)
        messages.error(request, _("Decide the places that are marked."))
        return _page(request, chapter, mine, base, merged, choices, status=400)
    if request.method == "POST":
        messages.warning(request, _("The chapter changed meanwhile: look at it once more."))
    choices = [
        Choice(n, hunk, "" if hunk.kind == merging.CLASH else hunk.kind, "\n".join(hunk.mine))
        for n, hunk in enumerate(_open(merged))
    ]
    return _page(request, chapter, mine, base, merged, choices)


def _page(
    request: HttpRequest,
    chapter: Chapter,
    mine: ChapterVersion,
    base: str | None,
    merged: merging.Merged,
    choices: list[Choice],
    status: int = 200,
) -> HttpResponse:
    shown = iter(zip(choices, _pieces(choices), strict=True))
    same = (None, None)
    context: dict[str, Any] = {
        "chapter": chapter,
        "work": chapter.work,
        "mine": mine,
        "rows": [
            (hunk, *(same if hunk.kind == merging.SAME else next(shown))) for hunk in merged.hunks
        ],
        "clashes": sum(one.hunk.kind == merging.CLASH for one in choices),
        "undecided": sum(not one.picked for one in choices),
        "has_base": base is not None,
        "base_revision": request.GET.get("base", ""),
        "save_id": uuid4(),
    }
    return render(request, "studio/merge.html", context, status=status)


def _pieces(choices: list[Choice]) -> list[tuple[list[Piece], list[Piece]]]:
    """Mine and theirs of each hunk, with what changed against the base."""
    joined = [
        ("\n".join(one.hunk.base), "\n".join(side))
        for one in choices
        for side in (one.hunk.mine, one.hunk.theirs)
    ]
    found = differences.inside_each(joined)
    return list(zip(found[::2], found[1::2], strict=True))


def _open(merged: merging.Merged) -> list[merging.Hunk]:
    return [hunk for hunk in merged.hunks if hunk.kind != merging.SAME]


def _choice(request: HttpRequest, number: int, hunk: merging.Hunk) -> Choice:
    picked = request.POST.get(f"choice-{number}", "")
    edited = request.POST.get(f"edited-{number}", "").replace("\r\n", "\n").replace("\r", "\n")
    known = {MINE, THEIRS, BOTH, EDIT}
    return Choice(number, hunk, picked if picked in known else "", edited)


def _chosen(choice: Choice) -> tuple[str, ...]:
    hunk = choice.hunk
    if choice.picked == BOTH and hunk.kind == merging.BOTH:
        return hunk.mine
    taken = {
        MINE: hunk.mine,
        THEIRS: hunk.theirs,
        BOTH: hunk.mine + hunk.theirs,
        EDIT: tuple(choice.edited.split("\n")),
    }
    return taken[choice.picked]


def _saved(
    request: HttpRequest, chapter: Chapter, merged: merging.Merged, choices: list[Choice]
) -> HttpResponse:
    text = merging.resolve(merged, [_chosen(one) for one in choices])
    try:
        drafting.save(
            chapter_id=chapter.pk,
            principal=principal_of(request),
            text=text,
            base_revision=chapter.revision,
            save_id=uuid4(),
            kind="merge",
            device=device_of(request),
        )
    except drafting.Stale:
        messages.warning(request, _("The chapter changed meanwhile: look at it once more."))
        return redirect(request.get_full_path())
    except drafting.SaveRefused as error:
        messages.error(request, words(error))
        return redirect(request.get_full_path())
    messages.success(request, _("Merged. Both texts stay among the versions."))
    return redirect("studio_chapter", work_id=chapter.work_id, chapter_id=chapter.pk)


def _version(request: HttpRequest, chapter: Chapter) -> ChapterVersion:
    number = request.GET.get("mine", "")
    rows = ChapterVersion.objects.editable_by(principal_of(request)).filter(chapter=chapter)
    return get_object_or_404(
        rows, version_number=int(number) if number.isascii() and number.isdigit() else 0
    )


def _base(request: HttpRequest, chapter: Chapter, mine: ChapterVersion) -> str | None:
    """The text both began with: of the revision that the address names, else the nearest older one."""
    given = request.GET.get("base", "")
    if not (given.isascii() and given.isdigit()) or len(given) > 18:
        return None
    if int(given) == chapter.revision:
        return chapter.content
    rows = ChapterVersion.objects.visible_to(principal_of(request)).filter(chapter=chapter)
    older = (
        rows.filter(revision__lte=int(given)).exclude(pk=mine.pk).exclude(change_type="conflict")
    )
    found = older.order_by("-revision", "-version_number").first()
    return found.content if found else None
