"""Payloads and filters made at random, with the values that trip comparisons over."""

import os
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from taishang.vectors.filters.grammar import Row

# A sample; FILTER_EXAMPLES=2000 takes some seven minutes.
EXAMPLES = int(os.environ.get("FILTER_EXAMPLES", "200"))
TYPES = {"when": "datetime", "a.when": "datetime"}
FIELDS = (
    "a",
    "b",
    "a.b",
    "a.when",
    "when",
    "tags",
    "0",
    "tags.0",
    "名字",
    "$id",
    "$created_at",
    "$updated_at",
)
TEXTS = (
    "", "x", "X", "xy", "é", "e\u0301", "中文", "中", "%", "_", "\\", "'", '"', "true", "1", "null", "😀", "\ue000",
    "2024-02-29", "2023-02-29", "2024-02-29T12:00:00Z", "2024-02-29T14:00:00+02:00", "2024-02-29 12:00:00",
    "2024-02-29T12:00:00", "9999-12-31T23:59:59-14:00", "2024-01-01T00:00:00.500Z",
)  # fmt: skip
MOMENTS = (
    "2024-02-29",
    "2023-02-28",
    "2024-02-29T12:00:00Z",
    "2024-02-29T14:00:00+02:00",
    "9999-12-31T23:59:59-14:00",
    "2024-01-01T00:00:00.500Z",
)
NUMBERS = (0, 1, 1.0, -1, 0.1, 0.5, 2**53, -(2**53), 1e-7, 1e300, 1.5, 10)
START = datetime(2024, 2, 28, tzinfo=UTC)

texts = st.sampled_from(TEXTS)
numbers = st.sampled_from(NUMBERS)
scalars = st.one_of(texts, numbers, st.booleans())
values = st.one_of(
    scalars,
    st.none(),
    st.lists(st.one_of(scalars, st.none(), st.just({}), st.just([1])), max_size=4),
)
payloads = st.dictionaries(
    st.sampled_from(("a", "b", "when", "tags", "0", "名字")),
    st.one_of(values, st.dictionaries(st.sampled_from(("b", "when", "0")), values, max_size=3)),
    max_size=5,
)


@st.composite
def rows(draw):
    hours = st.integers(0, 72)
    return [
        Row(
            f"{draw(texts)[:8]}-{place}",
            draw(payloads),
            START + timedelta(hours=draw(hours)),
            START + timedelta(hours=draw(hours)),
        )
        for place in range(draw(st.integers(1, 12)))
    ]


@st.composite
def tests(draw):
    field = draw(st.sampled_from(FIELDS))
    moment = field in ("$created_at", "$updated_at")
    instants = moment or field in TYPES
    scalar = st.one_of(st.sampled_from(MOMENTS), numbers, st.booleans()) if moment else scalars
    ordered = st.one_of(st.sampled_from(MOMENTS) if instants else texts, numbers)
    many = st.lists(scalar, max_size=20)
    shapes = {
        "eq": scalar, "ne": scalar, "in": many, "nin": many,
        "lt": ordered, "lte": ordered, "gt": ordered, "gte": ordered,
        "between": _pairs(instants=instants), "exists": st.booleans(), "is_null": st.booleans(),
    }  # fmt: skip
    if not moment:
        shapes |= {"contains": scalar, "prefix": texts}
    if not field.startswith("$"):
        shapes |= {"any": many, "all": st.lists(scalar, max_size=3)}
    op = draw(st.sampled_from(sorted(shapes)))
    return {"field": field, "op": op, "value": draw(shapes[op])}


def _pairs(*, instants):
    text = st.sampled_from(MOMENTS) if instants else texts
    return st.one_of(
        st.lists(text, min_size=2, max_size=2), st.lists(numbers, min_size=2, max_size=2)
    )


filters = st.recursive(
    tests(),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"and": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"or": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=5,
)
