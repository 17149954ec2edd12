"""Questions compared: which approved one is the same, which are near."""

from __future__ import annotations

import unicodedata

from django.db.models import F

from querygpt.models import Connection, Example
from querygpt.models.knowledge import MAX_QUESTION
from querygpt.schema.names import terms_of

NEAR = 5


def fold(question: str) -> str:
    """The form in which questions and names are equal: width, case, punctuation and spaces do not count."""
    plain = unicodedata.normalize("NFKC", question).casefold()
    kept = (letter if unicodedata.category(letter)[0] in "LNS" else " " for letter in plain)
    return " ".join("".join(kept).split())[:MAX_QUESTION]


def exact(*, question: str, connection: Connection) -> Example | None:
    """The approved example of this very question, counted as used. Two queries."""
    found = Example.objects.approved().filter(connection=connection, question_key=fold(question))
    example = found.first()
    if example is not None:
        Example.objects.filter(pk=example.pk).update(uses=F("uses") + 1)
    return example


def nearest(*, question: str, connection: Connection, k: int = NEAR) -> list[Example]:
    """Approved examples that share words with the question, the closest first. Two queries."""
    asked = set(terms_of(question))
    if not asked:
        return []
    rows = Example.objects.approved().filter(connection=connection)
    scored = []
    for number, text in rows.values_list("pk", "question"):
        words = set(terms_of(text))
        shared = len(asked & words)
        if shared:
            scored.append((-shared / len(asked | words), str(number), number))
    best = [number for _score, _text, number in sorted(scored)[:k]]
    found = rows.in_bulk(best)
    return [found[number] for number in best if number in found]
