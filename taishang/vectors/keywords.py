"""Search by words: any of the terms, the rows that hold the most and the rarest of them first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from laojun import textindex
from taishang.vectors.backends import pgvector
from taishang.vectors.backends.pgvector import Space
from taishang.vectors.estimates import sample
from taishang.vectors.ladder import Clock, ask, condition_of
from taishang.vectors.queries import Query
from taishang.vectors.standing import Standing

# With a filter more words' hits are looked through, because it is applied to them afterwards.
THROUGH_A_FILTER = 10_000


def matching(
    standing: Standing, query: Query, clock: Clock, *, most: int, without: int | None = None
) -> list[int]:
    """Ids of the rows that hold any of the query's terms, best first. Raises TimeUp."""
    terms = textindex.terms(query.keyword)[: textindex.MAX_QUERY_TERMS]
    if not terms:
        return []
    asked = [textindex.any_of([term]) for term in terms]
    space = Space.of(standing.collection, condition=condition_of(query), without=without)
    weights = _weights(standing, asked, clock)
    if standing.is_own:
        names = None if query.namespaces is None else list(query.namespaces)
        through = most if query.filter is None else THROUGH_A_FILTER
        statement = pgvector.worded_own(space, asked, weights, names, through=through, k=most)
    else:
        statement = pgvector.worded(space, asked, weights, k=most)
    return [row[0] for row in ask(clock, statement)]


def _weights(standing: Standing, asked: Sequence[str], clock: Clock) -> list[float]:
    """How rare each term is: ln(1 + rows / (1 + rows that hold it)), over the sample or all of a small collection."""
    if len(asked) == 1:
        return [1.0]
    ids = sample(standing) if standing.is_own else None
    total, *held = ask(clock, pgvector.held(Space.of(standing.collection), asked, ids))[0]
    return [math.log1p(total / (1 + count)) for count in held]
