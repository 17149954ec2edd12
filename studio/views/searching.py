"""Searching a work as a page: results while one types, walked by the keys, each leading to its exact place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.web.access import needs, principal_of
from studio.models import Character, SearchSegment, Tag, Volume, Work
from studio.prose.folding import MAX_QUERY
from studio.search import finding
from studio.search.finding import Found, Place, Query
from studio.views.stories import page, work_of

# Kind → the page of the thing, by work and id.
PAGES = {
    "chapter": "studio_chapter",
    "character": "studio_character",
    "scene": "studio_scene",
    "worldview": "studio_entry",
}


@require_GET
@needs("work.view")
def index(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """What holds the words. A request by htmx gets the results alone."""
    work = work_of(request, work_id)
    principal = principal_of(request)
    asked = request.GET.get("q", "").strip("\r\n")[:MAX_QUERY]
    query = Query(
        text=asked,
        kinds=frozenset({request.GET.get("kind", "")} & set(finding.TABLES)),
        volume=_id(request, "volume"),
        character=_id(request, "character"),
        tag=_id(request, "tag"),
        order="rank" if request.GET.get("order") == "rank" else "reading",
        start=_start(request),
    )
    told = None
    if asked.strip():
        told = finding.search(principal=principal, works=[work.pk], query=query)
    kept = {key: value for key, value in request.GET.items() if key != "start" and value}
    context: dict[str, Any] = {
        "tab": "search",
        "asked": asked,
        "told": told,
        "found": [] if told is None else list(_shown(work, told.found)),
        "more": told and told.following and f"?{urlencode({**kept, 'start': told.following})}",
    }
    if request.headers.get("HX-Request"):
        return page(request, "_found.html", work, context)
    context |= {
        "kinds": SearchSegment.ObjectType.choices,
        "kind": request.GET.get("kind", ""),
        "order": query.order,
        "volumes": Volume.objects.visible_to(principal).filter(work=work).in_order(),
        "characters": Character.objects.visible_to(principal).filter(work=work).order_by("name"),
        "tags": Tag.objects.visible_to(principal).filter(work=work).order_by("name"),
        "query": query,
    }
    return page(request, "search.html", work, context)


def _shown(work: Work, found: list[Found]) -> Iterator[dict[str, Any]]:
    for one in found:
        yield {
            "kind": one.kind,
            "kind_label": SearchSegment.ObjectType(one.kind).label,
            "label": one.label,
            "count": one.count,
            "places": [
                {
                    "before": place.snippet[: place.lead],
                    "words": place.snippet[place.lead : place.lead + place.length],
                    "after": place.snippet[place.lead + place.length :],
                    "url": _address(work, one, place),
                }
                for place in one.places
            ],
        }


def _address(work: Work, one: Found, place: Place) -> str:
    """The page of the thing; in a chapter's text the place itself, which the editor selects."""
    if one.kind not in PAGES:
        return reverse("studio_work", args=[work.pk])
    address = reverse(PAGES[one.kind], args=[work.pk, one.object_id])
    if place.field != "content" or one.kind != "chapter":
        return address
    words = place.snippet[place.lead : place.lead + place.length]
    return f"{address}?{urlencode({'at': place.offset, 'length': place.length, 'words': words})}"


def _id(request: HttpRequest, name: str) -> UUID | None:
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None


def _start(request: HttpRequest) -> int:
    text = request.GET.get("start", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
