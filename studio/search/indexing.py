"""The index of what is written: segments of folded text with their grams, made after the commit.

A chapter is due while its `indexed_revision` is behind; everything else that is told about a story is indexed with
the operation that writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection as database

from laojun import textindex
from studio.models import Chapter, Character, Scene, SearchSegment, Work, WorldEntry
from studio.prose.folding import Segment, segments

Kind = SearchSegment.ObjectType
# What is searched of each kind: the columns, the title first.
FIELDS: Mapping[str, tuple[str, ...]] = {
    Kind.WORK: ("title", "description"),
    Kind.CHARACTER: ("name", "aliases", "role", "description"),
    Kind.SCENE: (
        "title",
        "description",
        "location",
        "time_period",
        "mood",
        "goal",
        "conflict",
        "outcome",
    ),
    Kind.WORLDVIEW: ("title", "aliases", "content"),
}
KINDS: Mapping[type, str] = {
    Work: Kind.WORK,
    Character: Kind.CHARACTER,
    Scene: Kind.SCENE,
    WorldEntry: Kind.WORLDVIEW,
}
INSERT = """
    INSERT INTO studio_search_segments
        (id, workspace_id, work_id, object_type, object_id, field, segment, start, folded, grams, revision,
         created_at, updated_at)
    SELECT fresh.id, %(workspace)s, %(work)s, %(kind)s, %(object)s, %(field)s, piece.number, piece.start,
           piece.folded, piece.grams::tsvector, %(revision)s, now(), now()
    FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS fresh (id, place)
    JOIN unnest(%(numbers)s::int[], %(starts)s::int[], %(folded)s::text[], %(grams)s::text[])
        WITH ORDINALITY AS piece (number, start, folded, grams, place) USING (place)
    ON CONFLICT (object_type, object_id, field, segment) DO UPDATE
    SET start = EXCLUDED.start, folded = EXCLUDED.folded, grams = EXCLUDED.grams,
        revision = EXCLUDED.revision, updated_at = now()
    WHERE studio_search_segments.folded <> EXCLUDED.folded
"""


def note(row: Character | Scene | WorldEntry | Work) -> None:
    """Index what is told about one thing; nothing of it while it is in the bin."""
    kind = KINDS[type(row)]
    if row.deleted_at is not None:
        forget(kind, [row.pk])
        return
    for field in FIELDS[kind]:
        work_id = row.pk if isinstance(row, Work) else row.work_id
        _write(row.workspace_id, work_id, kind, row.pk, field, _text(getattr(row, field)), 0)


def chapter(row: Chapter) -> None:
    """Index a chapter as it was read; one run at a time. Segments that are the same are left alone."""
    texts = (
        (Kind.CHAPTER, "title", row.title),
        (Kind.CHAPTER, "content", row.content),
        (Kind.SYNOPSIS, "synopsis", row.synopsis),
    )
    for kind, field, text in texts:
        _write(row.workspace_id, row.work_id, kind, row.pk, field, text, row.revision)
    Chapter.objects.filter(pk=row.pk).update(indexed_revision=row.revision)


def forget(kind: str, numbers: Iterable[UUID]) -> None:
    SearchSegment.objects.filter(object_type=kind, object_id__in=list(numbers)).delete()


def rebuild(work: Work) -> None:
    """Index a work anew: what is told at once, its chapters as the schedule comes to them; found meanwhile as before."""
    note(work)
    for model in (Character, Scene, WorldEntry):
        for row in model.objects.filter(work=work).alive().iterator():
            note(row)
    Chapter.objects.filter(work=work).update(indexed_revision=0)


def _write(
    workspace_id: int, work_id: UUID, kind: str, number: UUID, field: str, text: str, revision: int
) -> None:
    pieces = segments(text)
    kept = SearchSegment.objects.filter(object_type=kind, object_id=number, field=field)
    kept.filter(segment__gte=len(pieces)).delete()
    if pieces:
        with database.cursor() as cursor:
            cursor.execute(
                INSERT,
                {
                    "workspace": workspace_id,
                    "work": work_id,
                    "kind": str(kind),
                    "object": number,
                    "field": field,
                    "revision": revision,
                    **_columns(pieces),
                },
            )


def _columns(pieces: list[Segment]) -> dict[str, list[object]]:
    return {
        "ids": [SearchSegment._meta.pk.get_default() for _ in pieces],
        "numbers": [piece.number for piece in pieces],
        "starts": [piece.start for piece in pieces],
        "folded": [piece.folded for piece in pieces],
        "grams": [textindex.as_tsvector(textindex.grams(piece.folded)) for piece in pieces],
    }


def _text(value: str | list[str]) -> str:
    """Aliases are a line each."""
    return value if isinstance(value, str) else "\n".join(value)
