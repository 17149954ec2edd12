"""What would write, read files, sleep or look into the system does not pass."""

from collections import Counter
from dataclasses import replace

import pytest

from querygpt import guard
from querygpt.catalogue import Catalogue
from tests.querygpt.guard import corpora


@pytest.mark.parametrize("case", corpora.hostile(), ids=str)
def test_it_is_refused_by_its_rule(case):
    verdict = guard.check(sql=case.sql, dialect=case.dialect, catalogue=corpora.CATALOGUE)

    assert not verdict.allowed
    assert verdict.rule == case.rule
    assert verdict.detail
    assert (verdict.sql, verdict.relations, verdict.columns, verdict.functions) == ("", (), (), ())


def test_there_are_enough_of_each_dialect():
    counts = Counter(case.dialect for case in corpora.hostile())
    assert min(counts[name] for name in ("postgresql", "mysql", "sqlite", "duckdb")) >= 150


def catalogue(**changes: object) -> Catalogue:
    """Orders alone, with its customer_id hidden."""
    orders = next(table for table in corpora.CATALOGUE.tables if table.name == "orders")
    columns = tuple(replace(one, is_hidden=one.name == "note") for one in orders.columns)
    return Catalogue((replace(orders, columns=columns, **changes),))


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT note FROM orders",
        "SELECT o.note FROM orders o",
        "SELECT count(*) FROM orders WHERE note = 'x'",
        "SELECT id FROM orders ORDER BY note",
        "SELECT max(total) FROM orders GROUP BY note",
        "SELECT a.id FROM orders a JOIN orders b USING (note)",
        "SELECT a.id FROM orders a NATURAL JOIN orders b",
        "SELECT x.id FROM (SELECT id, note FROM orders) AS x",
        "WITH x AS (SELECT note AS n FROM orders) SELECT n FROM x",
    ],
)
def test_a_hidden_column_is_refused_by_any_way(sql, dialect):
    verdict = guard.check(sql=sql, dialect=dialect, catalogue=catalogue())
    assert verdict.rule == "column_denied"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT o FROM orders o",
        "SELECT to_json(o) FROM orders AS o",
        "SELECT row_to_json(o.*) FROM orders o",
        "SELECT (o).* FROM orders o",
        "SELECT ROW(orders.*) FROM orders",
        "SELECT (SELECT array_agg(o) FROM (SELECT 1) AS x) FROM orders o",
    ],
)
def test_a_whole_row_shows_no_hidden_column(sql):
    verdict = guard.check(sql=sql, dialect="postgresql", catalogue=catalogue())
    assert verdict.rule == "column_denied"


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
def test_a_star_leaves_hidden_columns_out(dialect):
    for sql in ("SELECT * FROM orders", "SELECT o.* FROM orders o"):
        verdict = guard.check(sql=sql, dialect=dialect, catalogue=catalogue())
        assert verdict.allowed
        assert "note" not in verdict.sql
        assert "customer_id" in verdict.sql


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
def test_a_denied_table_is_refused(dialect):
    verdict = guard.check(
        sql="SELECT id FROM orders", dialect=dialect, catalogue=catalogue(is_denied=True)
    )
    assert (verdict.rule, verdict.detail) == ("relation_denied", "orders")
