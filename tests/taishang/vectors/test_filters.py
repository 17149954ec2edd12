import json

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings

from taishang.vectors.filters.compiling import compiled, containments
from taishang.vectors.filters.evaluating import matches
from taishang.vectors.filters.grammar import Row
from taishang.vectors.filters.parsing import FilterInvalid, parse
from tests.taishang.vectors import filtering

TABLE = (
    "jsonb_to_recordset(%s::jsonb) AS v(external_id text, payload jsonb,"
    " created_at timestamptz, updated_at timestamptz)"
)


def found_by_sql(node, rows) -> set[str]:
    condition = compiled(node, alias="v")
    table = json.dumps([vars(row) for row in rows], default=lambda moment: moment.isoformat())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT external_id FROM {TABLE} WHERE {condition.sql}", [table, *condition.params]
        )
        return {name for (name,) in cursor.fetchall()}


def found_by_containment(node, rows) -> set[str]:
    documents = containments(node) or ["{}"]
    with connection.cursor() as cursor:
        table = json.dumps([vars(row) for row in rows], default=lambda moment: moment.isoformat())
        cursor.execute(
            f"SELECT external_id FROM {TABLE} WHERE payload @> ALL (%s::jsonb[])",
            [table, documents],
        )
        return {name for (name,) in cursor.fetchall()}


def found_by_evaluator(node, rows) -> set[str]:
    return {row.external_id for row in rows if matches(node, row)}


@pytest.mark.django_db
@settings(
    max_examples=filtering.EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(filtering.filters, filtering.rows())
def test_postgresql_and_the_evaluator_find_the_same_rows(raw, rows):
    node = parse(raw, filtering.TYPES)

    found = found_by_sql(node, rows)

    assert found == found_by_evaluator(node, rows)
    assert found <= found_by_containment(node, rows)


@pytest.mark.parametrize(
    ("raw", "documents"),
    [
        ({"field": "a.b", "op": "eq", "value": "x"}, ['{"a":{"b":"x"}}']),
        ({"field": "a", "op": "all", "value": [1, 2]}, ['{"a":[1,2]}']),
        ({"field": "a", "op": "in", "value": [1]}, ['{"a":1}']),
        ({"field": "a", "op": "in", "value": [1, 2]}, []),
        ({"field": "a", "op": "contains", "value": "x"}, []),
        ({"not": {"field": "a", "op": "eq", "value": 1}}, []),
        ({"and": [{"field": "a", "op": "eq", "value": 1}, {"field": "b", "op": "exists"}]}, ['{"a":1}']),
        ({"or": [{"field": "a", "op": "eq", "value": 1}, {"field": "b", "op": "exists"}]}, []),
        ({"field": "$id", "op": "eq", "value": "x"}, []),
    ],
)  # fmt: skip
def test_what_every_matching_payload_contains_is_named(raw, documents):
    assert containments(parse(raw)) == documents


def one(payload, name="row"):
    return Row(name, payload, filtering.START, filtering.START)


TRUTHS = [
    ({"field": "a", "op": "eq", "value": 1}, {"a": 1.0}, True),
    ({"field": "a", "op": "eq", "value": 1}, {"a": "1"}, False),
    ({"field": "a", "op": "eq", "value": 1}, {"a": True}, False),
    ({"field": "a", "op": "eq", "value": "x"}, {"a": ["x"]}, False),
    ({"field": "a", "op": "ne", "value": 1}, {}, True),
    ({"field": "a", "op": "nin", "value": [1]}, {"a": None}, True),
    ({"field": "a", "op": "in", "value": []}, {"a": 1}, False),
    ({"not": {"field": "a", "op": "lt", "value": 1}}, {"a": "x"}, True),
    ({"not": {"field": "a", "op": "lt", "value": 1}}, {}, True),
    ({"not": {"field": "a", "op": "prefix", "value": "x"}}, {}, True),
    ({"field": "a", "op": "lt", "value": 10}, {"a": 9}, True),
    ({"field": "a", "op": "lt", "value": "10"}, {"a": "9"}, False),
    ({"field": "a", "op": "lt", "value": "a"}, {"a": "B"}, True),
    ({"field": "a", "op": "between", "value": [1, 2]}, {"a": 2}, True),
    ({"field": "when", "op": "gte", "value": "2024-02-29"}, {"when": "2024-02-29T01:00:00+01:00"}, True),
    ({"field": "when", "op": "gte", "value": "2024-02-29"}, {"when": "2024-02-30"}, False),
    ({"field": "a", "op": "contains", "value": "x"}, {"a": ["x", 1]}, True),
    ({"field": "a", "op": "contains", "value": "文"}, {"a": "中文字"}, True),
    ({"field": "a", "op": "contains", "value": "x"}, {"a": [["x"]]}, False),
    ({"field": "a", "op": "any", "value": ["x", "y"]}, {"a": ["y"]}, True),
    ({"field": "a", "op": "all", "value": ["x", "y"]}, {"a": ["y", "x", "z"]}, True),
    ({"field": "a", "op": "all", "value": []}, {"a": "x"}, False),
    ({"field": "a", "op": "prefix", "value": "50%"}, {"a": "50% off"}, True),
    ({"field": "a", "op": "prefix", "value": "50_"}, {"a": "50% off"}, False),
    ({"field": "a", "op": "exists"}, {"a": None}, True),
    ({"field": "a", "op": "is_null"}, {}, True),
    ({"field": "a", "op": "is_null", "value": False}, {"a": 0}, True),
    ({"field": "a.0", "op": "exists"}, {"a": [1]}, False),
    ({"field": "$id", "op": "prefix", "value": "ro"}, {}, True),
    ({"field": "$id", "op": "eq", "value": 1}, {}, False),
    ({"field": "$created_at", "op": "eq", "value": "2024-02-28T02:00:00+02:00"}, {}, True),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("raw", "payload", "truth"), TRUTHS)
def test_a_condition_means_what_is_written(raw, payload, truth):
    node, row = parse(raw, filtering.TYPES), one(payload)

    assert matches(node, row) is truth
    assert found_by_sql(node, [row]) == ({"row"} if truth else set())


def nested(depth):
    raw = {"field": "a", "op": "exists"}
    for _ in range(depth - 1):
        raw = {"not": raw}
    return raw


FAULTS = [
    ({}, ""),
    ([], ""),
    ({"xor": []}, ""),
    ({"and": []}, "/and"),
    ({"and": [{"field": "a", "op": "exists"}, 5]}, "/and/1"),
    ({"field": "a", "op": "like", "value": "x"}, "/op"),
    ({"field": "a", "op": ["eq"], "value": "x"}, "/op"),
    ({"field": "a", "op": "eq"}, "/value"),
    ({"field": "a", "op": "eq", "value": None}, "/value"),
    ({"field": "a", "op": "eq", "value": [1]}, "/value"),
    ({"field": "a", "op": "eq", "value": 2**53 + 1}, "/value"),
    ({"field": "a", "op": "eq", "value": float("inf")}, "/value"),
    ({"field": "a", "op": "eq", "value": "\x00"}, "/value"),
    ({"field": "a", "op": "eq", "value": "\ud800"}, "/value"),
    ({"field": "a", "op": "eq", "value": 1, "boost": 2}, "/boost"),
    ({"field": "a", "op": "lt", "value": True}, "/value"),
    ({"field": "a", "op": "between", "value": [1]}, "/value"),
    ({"field": "a", "op": "between", "value": [1, "x"]}, "/value"),
    ({"field": "a", "op": "in", "value": [1, {}]}, "/value/1"),
    ({"field": "a", "op": "in", "value": list(range(1001))}, "/value"),
    ({"field": "a", "op": "prefix", "value": 5}, "/value"),
    ({"field": "a", "op": "exists", "value": "yes"}, "/value"),
    ({"field": "when", "op": "lt", "value": "yesterday"}, "/value"),
    ({"field": "$created_at", "op": "lt", "value": "2024-02-30"}, "/value"),
    ({"field": "$created_at", "op": "prefix", "value": "2024"}, "/op"),
    ({"field": "$id", "op": "any", "value": ["x"]}, "/op"),
    ({"field": "$parent", "op": "exists"}, "/field"),
    ({"field": "a..b", "op": "exists"}, "/field"),
    ({"field": "a" * 65, "op": "exists"}, "/field"),
    ({"field": ".".join("abcdefghi"), "op": "exists"}, "/field"),
    ({"field": 5, "op": "exists"}, "/field"),
    (nested(9), "/not" * 8),
    ({"or": [{"field": "a", "op": "exists"}] * 64}, "/or/63"),
    ({"field": "a", "op": "in", "value": ["x" * 7000] * 10}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "pointer"), FAULTS)
def test_a_fault_is_named_by_its_pointer(raw, pointer):
    with pytest.raises(FilterInvalid) as refused:
        parse(raw, filtering.TYPES)

    assert pointer in [fault.pointer for fault in refused.value.faults]


def test_every_fault_of_a_filter_is_named_at_once():
    with pytest.raises(FilterInvalid) as refused:
        parse({"and": [{"field": "a", "op": "like"}, {"field": "", "op": "eq", "value": None}]})

    assert [fault.pointer for fault in refused.value.faults] == ["/and/0/op", "/and/1/field", "/and/1/value"]  # fmt: skip


def test_the_largest_allowed_filter_is_understood():
    assert parse(nested(8)) is not None
    assert parse({"or": [{"field": "a", "op": "exists"}] * 63}) is not None
    assert parse(None) is None
