"""What a reader sees: an open publication named by its link, its contents, one frozen chapter. Never a draft."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from accounts.authentication import Principal
from studio.models import Publication, PublishedChapter

NAME = "SELECT set_config('app.public_slug', %s, true)"
MAX_SLUG = 64


@dataclass(frozen=True)
class Line:
    """A chapter in the list of contents. `number` is its public one, from 1."""

    number: int
    title: str
    words: int


@contextmanager
def named(slug: str) -> Iterator[None]:
    """Inside, the one publication of this link can be read, whoever asks; nothing else of its workspace."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NAME, [slug[:MAX_SLUG]])
        yield
        cursor.execute(NAME, [""])


def publication_of(principal: Principal, slug: str) -> Publication | None:
    """The open publication of a link, if this reader may see it. Call it inside `named`."""
    found = Publication.objects.live().filter(slug=slug).first()
    if found is None or found.visibility == Publication.Visibility.LINK:
        return found
    is_member = principal.user is not None and principal.workspace_id == found.workspace_id
    return found if is_member and principal.may("work.view") else None


def contents(publication: Publication) -> list[Line]:
    """The live chapters in their public order. One query."""
    rows = _live(publication).values_list("title", "word_count")
    return [Line(number, title, words) for number, (title, words) in enumerate(rows, 1)]


def chapter_of(publication: Publication, number: int) -> PublishedChapter | None:
    """The live chapter of a public number. One query."""
    if number < 1:
        return None
    return _live(publication)[number - 1 : number].first()


def _live(publication: Publication):  # type: ignore[no-untyped-def]
    rows = PublishedChapter.objects.live().filter(publication=publication, slug=publication.slug)
    return rows.order_by("order_key", "pk")
