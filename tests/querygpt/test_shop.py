"""The demo shop: the same bytes of data on every machine, and questions that it answers."""

import sqlite3

import pytest

from querygpt.evaluation.comparing import strictly_equal
from querygpt.shop import ROWS, build, digest, knowledge
from tests.querygpt.planner.asked import ask, database, rows

DIGEST = "299e914152e54b3aa1141d3a40672400973320a10c86924eb656fdf12940ba7e"
REVENUE = "SUM(CASE WHEN o.status <> 'cancelled' THEN o.total_amount ELSE 0 END)"
IN_NOVEMBER = "o.ordered_at >= '2025-11-01' AND o.ordered_at < '2025-12-01'"
BY_REGION = f"""SELECT r.name, {REVENUE} FROM orders o JOIN stores s ON s.id = o.store_id JOIN regions r ON r.id = s.region_id
    WHERE {IN_NOVEMBER} GROUP BY r.id ORDER BY 2 DESC LIMIT 5"""
BY_MONTH = f"SELECT strftime('%Y-%m', o.ordered_at), {REVENUE} FROM orders o WHERE o.ordered_at >= '2025-01-01' GROUP BY 1"
GOLD = {
    "上个月各地区销售额前五": BY_REGION,
    "2025年每月的销售额": BY_MONTH,
    "销量最高的10个商品": "SELECT p.name, SUM(i.quantity) FROM order_items i JOIN products p ON p.id = i.product_id GROUP BY p.id ORDER BY 2 DESC, 1 LIMIT 10",
    "各支付方式的订单数": "SELECT payment_method, COUNT(*) FROM orders GROUP BY 1",
    "没有下过单的客户有多少": "SELECT COUNT(*) FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)",
    "各会员等级的客户数占比": "SELECT level, COUNT(*), COUNT(*) * 100.0 / 3000 FROM customers GROUP BY 1",
    "价格最高的5个商品": None,
    "对比2024年和2025年的销售额": f"SELECT strftime('%Y', o.ordered_at), {REVENUE} FROM orders o GROUP BY 1",
    "top 5 regions by revenue last month": BY_REGION,
    "monthly revenue in 2025": BY_MONTH,
    "average salary by job title": "SELECT job_title, AVG(salary) FROM staff GROUP BY 1",
    "how many orders were cancelled": "SELECT COUNT(*) FROM orders WHERE status = 'cancelled'",
    "share of orders by channel": "SELECT channel, COUNT(*), COUNT(*) * 100.0 / 12000 FROM orders GROUP BY 1",
    "which stores have more than 600 orders": "SELECT s.name, COUNT(*) FROM orders o JOIN stores s ON s.id = o.store_id GROUP BY s.id HAVING COUNT(*) > 600",
    "the 5 most expensive products": None,
    "number of customers by city": "SELECT city, COUNT(*) FROM customers GROUP BY 1",
}


def test_two_builds_are_the_same_data(tmp_path):
    build(tmp_path / "one.db")

    assert digest(tmp_path / "one.db") == digest(database("shop")[0]) == DIGEST
    assert (tmp_path / "one.db").stat().st_size <= 12 * 1024 * 1024


def test_every_table_has_its_number_of_rows():
    assert {name: rows(f'SELECT COUNT(*) FROM "{name}"')[0][0] for name in ROWS} == ROWS
    assert sum(ROWS.values()) == 50_785


def test_keys_hold_and_dates_stay_in_two_years():
    file = sqlite3.connect(database("shop")[0])

    assert file.execute("PRAGMA foreign_key_check").fetchall() == []
    assert file.execute(
        "SELECT MIN(ordered_at) >= '2024-01-01', MAX(ordered_at) < '2026-01-01' FROM orders"
    ).fetchone() == (1, 1)
    assert file.execute(
        "SELECT COUNT(*) FROM orders WHERE total_amount <> (SELECT SUM(line_amount) FROM order_items WHERE order_id = orders.id)"
    ).fetchone() == (0,)


def test_it_has_what_makes_questions_hard():
    assert rows("SELECT COUNT(*) FROM customers WHERE email IS NULL")[0][0] > 0
    assert rows("SELECT COUNT(*) FROM orders WHERE status = 'cancelled'")[0][0] > 0
    assert (
        rows(
            "SELECT COUNT(*) FROM (SELECT price FROM products GROUP BY price HAVING COUNT(*) > 1)"
        )[0][0]
        > 0
    )


@pytest.mark.parametrize("question", GOLD)
def test_every_starter_is_answered_rightly(question):
    outcome = ask(question)

    assert outcome.kind == "sql", outcome.reason
    if GOLD[question] is not None:
        assert strictly_equal(rows(GOLD[question]), rows(outcome.sql), ordered=False)
    else:
        prices = [row[1] for row in rows(outcome.sql)]
        assert prices == [
            row[0] for row in rows("SELECT price FROM products ORDER BY price DESC LIMIT 5")
        ]


def test_no_starter_is_an_example():
    starters = [one for questions in knowledge.STARTERS.values() for one in questions]

    assert sorted(starters) == sorted(GOLD)
    assert [len(questions) for questions in knowledge.STARTERS.values()] == [8, 8]
    assert not set(starters) & {question for _, question, _ in knowledge.EXAMPLES}
    assert (len(knowledge.TERMS), len(knowledge.EXAMPLES)) == (12, 10)


def test_every_term_holds_for_its_table():
    for term in knowledge.TERMS:
        if term.kind != "alias":
            assert rows(f'SELECT {term.expression} FROM "{term.table}" LIMIT 1')
