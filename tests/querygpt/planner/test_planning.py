"""What the planner refuses, asks back, says, and how it writes for each engine."""

import json
from datetime import date

import pytest
import sqlglot

from querygpt import guard, planner
from querygpt.catalogue import Catalogue, Column, Relationship, Table
from querygpt.planner.lexicon import lexicon
from tests.querygpt.planner.asked import ask, database, rows

TODAY = date(2025, 12, 31)
DIALECTS = ("postgresql", "mysql", "mariadb", "sqlite", "duckdb")
EACH_SHAPE = (
    "上个月各地区销售额前五", "2025年各季度的销售额", "按周统计订单数", "没有下过单的客户有多少", "订单状态占比", "有哪些支付方式",
    "daily orders in November 2025", "customers with more than 15 orders", "products whose name contains \"50%\"",
    "how many customers have no email", "the 3 cheapest products", "average salary by job title and gender",
)  # fmt: skip


def plan(question, catalogue, dialect="sqlite", **more):
    language = "en" if question.isascii() else "zh"
    return planner.plan(
        question=question,
        language=language,
        catalogue=catalogue,
        dialect=dialect,
        today=TODAY,
        **more,
    )


def test_the_lexicon_has_over_twelve_hundred_words():
    assert lexicon().words >= 1_200


@pytest.mark.parametrize(
    "question", ["有多少独角兽客户", "average blorf of products", "各地区的幸福指数"]
)
def test_an_unexplained_word_is_named(question):
    outcome = ask(question)

    assert outcome.kind in ("abstain", "clarify")
    assert any(word in outcome.reason for word in ("独角兽", "blorf", "幸福"))


@pytest.mark.parametrize(
    "question",
    [
        "删除所有订单",
        "delete all orders",
        "把所有商品的价格改成0",
        "update salary of all staff",
        "drop table orders",
        "清空客户表",
    ],
)
def test_a_request_to_change_data_is_refused(question):
    assert ask(question).kind == "refuse"


@pytest.mark.parametrize(
    "question",
    ["有哪些表", "what tables are there", "订单表有哪些字段", "what columns does orders have"],
)
def test_a_question_about_the_structure_is_left_to_the_catalogue(question):
    assert ask(question).kind == "schema"


@pytest.mark.parametrize("question", ["", "???", "😀", "。。。"])
def test_signs_alone_are_asked_back(question):
    assert ask(question).kind == "clarify"


def test_two_questions_at_once_are_not_answered():
    assert ask("how many orders? how many customers?").kind == "abstain"


def test_a_sum_never_crosses_to_many_rows():
    outcome = ask("total stock by order status")

    assert outcome.kind == "abstain"
    assert "twice" in outcome.reason


def test_a_condition_on_many_rows_becomes_exists():
    outcome = ask("how many customers placed orders in 2025")

    assert "EXISTS" in outcome.sql
    assert rows(outcome.sql) == rows(
        "SELECT COUNT(*) FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE ordered_at >= '2025-01-01')"
    )


def test_a_value_of_many_rows_becomes_exists_too():
    outcome = ask("how many customers have cancelled orders")

    assert rows(outcome.sql) == rows(
        "SELECT COUNT(*) FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE status = 'cancelled')"
    )


def test_assumptions_are_said_in_the_language_of_the_question():
    assert "今天 = 2025-12-31" in ask("上个月的订单数").assumptions
    assert "today = 2025-12-31" in ask("orders by status last month").assumptions


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("question", EACH_SHAPE)
def test_each_engine_gets_sql_that_its_guard_allows(question, dialect):
    outcome = ask(question, dialect=dialect)
    catalogue = database("shop")[1]

    assert outcome.kind == "sql", outcome.reason
    verdict = guard.check(
        sql=outcome.sql, dialect=dialect, catalogue=catalogue, policy=guard.Policy(max_rows=1000)
    )
    assert verdict.allowed, (verdict.rule, verdict.detail, outcome.sql)


def test_a_plan_is_json_and_renders_the_same_again():
    outcome = ask("上个月各地区销售额前五")
    stored = json.loads(json.dumps(outcome.plan, ensure_ascii=False))

    assert planner.render(stored, dialect="sqlite", catalogue=database("shop")[1]) == outcome.sql


def test_the_same_question_has_the_same_answer():
    assert len({ask("销量最高的10个商品").sql for _ in range(5)}) == 1


def test_names_are_quoted_where_they_must_be():
    odd = Catalogue(
        tables=(
            Table(
                "order",
                columns=(
                    Column("id", family="int", is_primary_key=True),
                    Column("Group Name", family="text"),
                    Column('a"b', family="int"),
                ),
            ),
        )
    )

    for dialect in DIALECTS:
        sql = plan("list all orders", odd, dialect).sql
        grammar = {"postgresql": "postgres", "mariadb": "mysql"}.get(dialect, dialect)
        assert sorted(
            one.name for one in sqlglot.parse_one(sql, dialect=grammar).find_all(sqlglot.exp.Column)
        ) == ["Group Name", 'a"b', "id"]


def test_two_equal_ways_are_asked_about():
    place = Table(
        "airports",
        columns=(Column("id", family="int", is_primary_key=True), Column("name", family="text")),
    )
    trip = Table(
        "flights",
        columns=(
            Column("id", family="int", is_primary_key=True),
            Column("from_id", family="int"),
            Column("to_id", family="int"),
        ),
    )
    keys = (
        Relationship("flights", ("from_id",), "airports", ("id",), id="a"),
        Relationship("flights", ("to_id",), "airports", ("id",), id="b"),
    )

    outcome = plan("number of flights per airport", Catalogue((place, trip), keys))

    assert outcome.kind == "clarify"


def test_two_readings_are_offered_as_options_that_render():
    def made(name):
        return Table(
            name,
            columns=(
                Column("id", family="int", is_primary_key=True),
                Column("amount", family="decimal"),
                Column("paid_on", family="date"),
            ),
        )

    both = Catalogue((made("orders"), made("refunds")))

    outcome = plan("total amount in 2024", both)

    assert outcome.kind == "clarify"
    assert {one["label"] for one in outcome.options} == {"orders.amount", "refunds.amount"}
    assert all(
        "SUM" in planner.render(one["plan"], dialect="sqlite", catalogue=both)
        for one in outcome.options
    )


def test_several_times_are_asked_about():
    table = Table(
        "contracts",
        columns=(
            Column("id", family="int", is_primary_key=True),
            Column("signed_on", family="date"),
            Column("ends_on", family="date"),
        ),
    )

    outcome = plan("how many contracts in 2024", Catalogue((table,)))

    assert outcome.kind == "clarify"
    assert "signed_on" in outcome.reason
    assert [one["label"] for one in outcome.options] == ["contracts.signed_on", "contracts.ends_on"]


def test_tables_are_joined_by_the_names_of_keys_where_none_are_declared():
    outcome = ask("number of flights per pilot", "airline")

    assert "Flights.PilotId = Pilots.PilotId" in outcome.sql
