"""Requests and proposals as the pages show them: changes piece by piece, causes and costs in words."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.registry import problems
from accounts.web.access import principal_of
from accounts.web.problems import code_of
from studio import proposals, streaming
from studio.agents.choosing import WrongAgent
from studio.context import InstructionTooLong, NothingSelected, UnknownPin
from studio.models import AIRequest, Chapter, Proposal
from studio.prose import differences
from studio.requests.asking import SUBJECT
from studio.requests.refusals import RequestRefused
from studio.requests.wishes import FieldRefused
from taishang.catalogue.refusals import CatalogueRefused
from taishang.models import ModelCall
from taishang.queue import QueueFull

# What a person must expect of asking.
REFUSALS = (
    CatalogueRefused,
    FieldRefused,
    InstructionTooLong,
    NothingSelected,
    QueueFull,
    RequestRefused,
    UnknownPin,
    WrongAgent,
)
REASONS = {
    "agent": gettext_lazy("how the agent writes"),
    "instruction": gettext_lazy("what you ask"),
    "draft": gettext_lazy("the answer to be refined"),
    "passage": gettext_lazy("the passage itself"),
    "before": gettext_lazy("the text before the caret"),
    "after": gettext_lazy("the text after it"),
    "work": gettext_lazy("the work's card"),
    "style": gettext_lazy("the style guide"),
    "always": gettext_lazy("always told"),
    "pinned": gettext_lazy("you pinned it"),
    "this_chapter": gettext_lazy("synopsis of this chapter"),
    "next_chapter": gettext_lazy("synopsis of the next chapter"),
    "previous": gettext_lazy("the end of the chapter before"),
    "summary": gettext_lazy("an earlier chapter"),
    "titles": gettext_lazy("titles of earlier chapters"),
    "outline": gettext_lazy("a chapter of the work"),
    "talk": gettext_lazy("the talk so far"),
    "unticked": gettext_lazy("you left it out"),
    "no_room": gettext_lazy("no room was left"),
}
GROUPS = {
    "instruction": gettext_lazy("Instruction"),
    "text": gettext_lazy("Passage"),
    "work_card": gettext_lazy("The work"),
    "always": gettext_lazy("Entry"),
    "entries": gettext_lazy("Entry"),
    "synopses": gettext_lazy("Synopsis"),
    "tail": gettext_lazy("Earlier chapters"),
    "chat": gettext_lazy("Talk"),
}


def refused(request: HttpRequest, error: Exception) -> HttpResponse:
    """A refusal in words, where the page shows it."""
    code = code_of(error) or "validation_error"
    return fault(request, code)


def fault(request: HttpRequest, code: str, form: Form | None = None) -> HttpResponse:
    shown = {"problem": problems[code], "form": form}
    return render(request, "studio/_help_fault.html", shown)


def why(reason: str) -> str:
    """A reason's code in words."""
    name, _colon, number = reason.partition(":")
    if name == "named":
        return _("named %(number)s times") % {"number": number}
    if name == "related":
        return _("related to what is named")
    return str(REASONS.get(name, name))


def what(part: dict[str, Any]) -> str:
    group = str(GROUPS.get(part["part"], part["part"]))
    return f"{group}: {part['title']}" if part["title"] else group


def card(request: HttpRequest, found: AIRequest) -> dict[str, Any]:
    """One request: how it stands, its proposals or remarks, what it used, why it failed."""
    rows = Proposal.objects.visible_to(principal_of(request)).filter(request_id=found.pk)
    listed = rows.select_related("chapter", "work").order_by("variant")
    is_live = found.status in {AIRequest.Status.PENDING, AIRequest.Status.PROCESSING}
    error = found.error_message
    return {
        "row": found,
        "is_live": is_live,
        "proposals": [shown(request, one) for one in listed],
        "report": found.context.get("report"),
        "error": streaming.told_error(error) if error else None,
        "used": None if is_live else used(found),
        "model": found.context.get("model", ""),
    }


def used(found: AIRequest) -> dict[str, Any]:
    """Units: tokens; the cost in the platform's currency, None where a price is unknown."""
    calls = ModelCall.objects.filter(subject_type=SUBJECT, subject_id=str(found.pk))
    rows = list(calls.values_list("input_tokens", "output_tokens", "cost"))
    costs = [one[2] for one in rows]
    return {
        "tokens": sum(one[0] + one[1] for one in rows),
        "cost": None if None in costs else sum(costs),
    }


def shown(request: HttpRequest, proposal: Proposal) -> dict[str, Any]:
    """A proposal with its changes, each old line beside the new one."""
    chapter = proposal.chapter
    decidable = proposal.state in proposals.OPEN
    stands = proposals.stands(proposal, chapter) if chapter and decidable else None
    writable = Chapter.objects.editable_by(principal_of(request))
    may_write = chapter is None or writable.filter(pk=chapter.pk).exists()
    return {
        "row": proposal,
        "is_outline": chapter is None,
        "is_open": decidable,
        "is_stale": bool(chapter)
        and (proposal.state == Proposal.State.STALE or (decidable and stands is None)),
        "stands": stands,
        "may_write": may_write,
        "hunks": _hunks(proposal),
    }


def _hunks(proposal: Proposal) -> list[dict[str, Any]]:
    if proposal.chapter_id is None:
        return [
            {"number": number, "taken": number in proposal.accepted_hunks, **one}
            for number, one in enumerate(proposal.hunks)
        ]
    return [
        {
            "number": number,
            "taken": number in proposal.accepted_hunks,
            "lines": list(_lines(one["old"], one["new"])),
        }
        for number, one in enumerate(proposal.hunks)
    ]


def _lines(old: list[str], new: list[str]) -> list[list[differences.Piece]]:
    """Line beside line; what one side has more is removed or added as a whole."""
    longest = max(len(old), len(new))
    pairs = zip(
        [*old, *[""] * (longest - len(old))], [*new, *[""] * (longest - len(new))], strict=True
    )
    return [differences.inside(before, after) for before, after in pairs]
