"""How long, how deep, how many rows."""

import time

import pytest

from querygpt import guard
from querygpt.catalogue import Catalogue
from tests.querygpt.guard import corpora

DIALECTS = ("postgresql", "mysql", "sqlite")
# A verdict takes at most 200 ms of a processor; machines that do other things meanwhile get more.
PATIENCE_SECONDS = 1.0


def judged(sql: str, dialect: str = "postgresql", max_rows: int = 1000) -> guard.Verdict:
    return guard.check(
        sql=sql,
        dialect=dialect,
        catalogue=corpora.CATALOGUE,
        policy=guard.Policy(max_rows=max_rows),
    )


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("sql", "end"),
    [
        ("SELECT id FROM orders", "LIMIT 101"),
        ("SELECT id FROM orders LIMIT 5", "LIMIT 5"),
        ("SELECT id FROM orders LIMIT 100", "LIMIT 100"),
        ("SELECT id FROM orders LIMIT 5000", "LIMIT 101"),
        ("SELECT id FROM orders LIMIT 5000 OFFSET 7", "LIMIT 101 OFFSET 7"),
        ("SELECT id FROM orders UNION ALL SELECT id FROM customers", "FROM customers LIMIT 101"),
        ("SELECT id FROM orders UNION SELECT id FROM customers LIMIT 3", "LIMIT 3"),
        ("WITH x AS (SELECT id FROM orders LIMIT 9999) SELECT id FROM x", "FROM x LIMIT 101"),
        ("VALUES (1), (2)", "VALUES (1), (2)"),
    ],
)
def test_the_top_level_gets_a_limit_and_a_smaller_one_stays(sql, end, dialect):
    assert judged(sql, dialect, max_rows=100).sql.endswith(end)


@pytest.mark.parametrize(
    ("sql", "end"),
    [
        ("SELECT id FROM orders LIMIT ALL", "LIMIT 101"),
        ("SELECT id FROM orders LIMIT NULL", "LIMIT 101"),
        ("SELECT id FROM orders LIMIT 2 * 3", "LIMIT 2 * 3"),
        ("SELECT id FROM orders LIMIT (SELECT 7)", "LIMIT LEAST((SELECT 7), 101)"),
        ("SELECT id FROM orders FETCH FIRST 5 ROWS ONLY", "FETCH FIRST 5 ROWS ONLY"),
        ("SELECT id FROM orders FETCH FIRST 5000 ROWS ONLY", "FETCH FIRST 101 ROWS ONLY"),
        ("SELECT id FROM orders FETCH FIRST 5000 ROWS WITH TIES", "FETCH FIRST 101 ROWS ONLY"),
        ("SELECT id FROM orders FETCH FIRST ROW ONLY", "FETCH FIRST ROWS ONLY"),
    ],
)
def test_postgresql_has_other_ways_to_say_it(sql, end):
    verdict = judged(sql, max_rows=100)
    assert verdict.sql.endswith(end), verdict


def test_no_limit_of_sqlite_is_bounded():
    assert judged("SELECT id FROM orders LIMIT -1", "sqlite", 100).sql.endswith("LIMIT 101")


def test_relations_are_qualified_by_their_schema():
    sales = Catalogue.from_dict({"tables": {"sales.orders": {"id": "int"}}})
    verdict = guard.check(sql="SELECT o.id FROM orders AS o", dialect="postgresql", catalogue=sales)
    assert verdict.sql == 'SELECT o.id FROM "sales".orders AS o LIMIT 1001'
    assert verdict.relations == ("sales.orders",)
    assert verdict.columns == ("sales.orders.id",)


def test_64_levels_pass_and_65_do_not():
    for pair in ("()", ("abs(", ")"), ("(SELECT ", ")")):
        left, right = pair
        assert judged("SELECT " + left * 64 + "1" + right * 64).allowed
        assert judged("SELECT " + left * 65 + "1" + right * 65).rule == "too_deep"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM orders WHERE " + " AND ".join(["id = 1"] * 1000),
        "SELECT id FROM orders WHERE id IN (" + ", ".join(["1"] * 4999) + ")",
        "SELECT id FROM orders WHERE note IN (" + ", ".join(["'xy'"] * 4999) + ")",
        "SELECT " + " + ".join(["1"] * 2400),
        "SELECT " + ", ".join(["id"] * 2400) + " FROM orders",
        "SELECT '" + "x" * 32_000 + "'",
        "SELECT 1 " + "-" * 2 + " " + "(" * 30_000,
    ],
    ids=["ands", "numbers", "texts", "sums", "columns", "literal", "comment"],
)
def test_a_long_plain_statement_passes_in_time(sql, dialect):
    started = time.process_time()
    verdict = judged(sql, dialect)
    assert verdict.allowed, verdict
    assert time.process_time() - started < PATIENCE_SECONDS


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 30_000,
        "SELECT " + "NOT " * 8_000 + "1",
        "SELECT " + "-" + " -" * 10_000 + " 1",
        "SELECT " + "CASE WHEN 1 THEN " * 1_900,
        "SELECT " + "x" * 40_000,
        "SELECT " + "1," * 16_000 + "1",
        "SELECT " + "1+" * 16_000 + "1",
        "SELECT " + "a.b." * 8_000 + "c",
        "SELECT " + "'' " * 10_000,
        "SELECT " + "/* " * 10_000,
        "SELECT 1 " + "UNION SELECT 1 " * 2_100,
        "WITH " + "a AS (SELECT 1), " * 1_900 + "b AS (SELECT 1) SELECT 1",
        "SELECT " + "f(" * 10_000 + ")" * 10_000,
        "SELECT " + "[" * 10_000,
        "SELECT " + "{" * 10_000,
        "SELECT * FROM " + "orders, " * 4_000 + "orders",
        "SELECT " + "$" * 30_000,
        '"' * 32_000,
        "`" * 32_001,
        "\\" * 32_000,
        ";" * 32_000,
        "EXPLAIN " * 4_000,
    ],
)
def test_a_monstrous_text_ends_in_time(sql, dialect):
    started = time.process_time()
    verdict = judged(sql, dialect)
    assert verdict.allowed or verdict.rule
    assert time.process_time() - started < PATIENCE_SECONDS
