"""The last move of chapters, kept in the session so that one click takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import ngettext

from studio.models import Work
from studio.ordering import Former

KEY = "studio.moved"


def remember(request: HttpRequest, work: Work, places: Sequence[Former], seen: int) -> None:
    """`seen` is the structure's revision after the move."""
    told = [[str(one.chapter), _text(one.volume), _text(one.behind)] for one in places]
    request.session[KEY] = {"work": str(work.pk), "seen": seen, "places": told}
    said = ngettext("%(n)d chapter moved.", "%(n)d chapters moved.", len(places))
    address = reverse("studio_move_undo", args=[work.pk])
    messages.success(request, said % {"n": len(places)}, extra_tags=f"undo:{address}")


def recalled(request: HttpRequest, work: Work) -> tuple[list[Former], int] | None:
    """The last move of this work, once."""
    kept: dict[str, Any] = request.session.pop(KEY, None) or {}
    if kept.get("work") != str(work.pk):
        return None
    places = [
        Former(UUID(chapter), _uuid(volume), _uuid(behind))
        for chapter, volume, behind in kept["places"]
    ]
    return places, kept["seen"]


def _text(number: UUID | None) -> str:
    return str(number) if number else ""


def _uuid(text: str) -> UUID | None:
    return UUID(text) if text else None
