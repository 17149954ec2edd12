"""Pages for readers: contents and chapters of an open publication. They work without a script, and say noindex."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import principal_of, public
from studio import reading
from studio.models import Publication, PublishedChapter
from studio.prose import marks
from studio.publishing import readers

COOKIE = "reader"
COOKIE_SALT = "studio.reader"
YEAR = 365 * 86_400


@require_GET
@never_cache
@public
def contents(request: HttpRequest, slug: str) -> HttpResponse:
    """The cover and the list of contents."""
    with reading.named(slug):
        publication = reading.publication_of(principal_of(request), slug)
        lines = reading.contents(publication) if publication else []
    if publication is None:
        raise Http404
    context = {"publication": publication, "lines": lines}
    return _private(render(request, "studio/read_contents.html", context))


@require_GET
@never_cache
@public
def chapter(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One frozen chapter."""
    with reading.named(slug):
        publication = reading.publication_of(principal_of(request), slug)
        lines = reading.contents(publication) if publication else []
        found = reading.chapter_of(publication, number) if publication else None
    if publication is None or found is None:
        raise Http404
    count, liked = readers.likes(
        publication=publication, chapter=found, reader_key=_key(request) or "-"
    )
    context = {
        "publication": publication,
        "chapter": found,
        "blocks": marks.parse(found.content),
        "number": number,
        "total": len(lines),
        "percent": round(100 * number / max(1, len(lines))),
        "previous": lines[number - 2] if number > 1 else None,
        "following": lines[number] if number < len(lines) else None,
        "likes": count,
        "liked": liked,
    }
    return _private(render(request, "studio/read_chapter.html", context))


@require_POST
@public
def like(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Like a chapter, or take it back."""
    publication, found = _named(request, slug, number)
    response = redirect(f"{reverse('studio_read_chapter', args=[slug, number])}#like")
    key = _key_or_new(request, response)
    move = readers.unlike if request.POST.get("deed") == "unlike" else readers.like
    move(publication=publication, chapter=found, reader_key=key)
    return response


@require_POST
@public
def note_reading(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Somebody has had the page open for five seconds."""
    publication, found = _named(request, slug, number)
    response = HttpResponse(status=204)
    key = _key_or_new(request, response)
    readers.read(publication=publication, chapter=found, reader_key=key)
    return response


def _named(request: HttpRequest, slug: str, number: int) -> tuple[Publication, PublishedChapter]:
    with reading.named(slug):
        publication = reading.publication_of(principal_of(request), slug)
        found = reading.chapter_of(publication, number) if publication else None
    if publication is None or found is None:
        raise Http404
    return publication, found


def _key(request: HttpRequest) -> str:
    user = principal_of(request).user
    cookie = request.get_signed_cookie(COOKIE, default="", salt=COOKIE_SALT) or ""
    return readers.key_of(user, cookie) if user is not None or cookie else ""


def _key_or_new(request: HttpRequest, response: HttpResponse) -> str:
    """The reader's key; who has none gets a cookie that says nothing about them."""
    key = _key(request)
    if key:
        return key
    value = secrets.token_urlsafe(16)
    response.set_signed_cookie(
        COOKIE,
        value,
        salt=COOKIE_SALT,
        max_age=YEAR,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )
    return readers.key_of(None, value)


def _private(response: HttpResponse) -> Any:
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
