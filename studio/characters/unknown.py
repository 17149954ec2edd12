"""Names of a work's text that belong to no character yet."""

from __future__ import annotations

from uuid import UUID

from studio.models import Chapter, Character
from studio.prose.guessing import Guess, Guesser

# Code points: what is read at once while somebody waits.
MOST_READ = 500_000


def names(work_id: UUID) -> tuple[list[Guess], bool]:
    """What may be names, and whether the whole work was read; reading begins at the front."""
    people = Character.objects.filter(work=work_id).alive()
    known = [
        name
        for row in people.only("name", "aliases", "exclusions")
        for name in (row.name, *row.aliases, *row.exclusions)
    ]
    guesser, read = Guesser(known), 0
    chapters = Chapter.objects.alive().filter(work=work_id).in_order()
    for text in chapters.values_list("content", flat=True).iterator(chunk_size=20):
        if read + len(text) > MOST_READ:
            guesser.read(text[: MOST_READ - read])
            return guesser.offered(), False
        guesser.read(text)
        read += len(text)
    return guesser.offered(), True
