"""Questions that continue the one before."""

import pytest

from tests.querygpt.planner.asked import ask, rows


def follow(*questions):
    plan, sql = None, ""
    for one in questions:
        outcome = ask(one, previous=plan)
        assert outcome.kind == "sql", (one, outcome.reason)
        plan, sql = outcome.plan, outcome.sql
    return sql


def test_a_region_a_month_and_a_limit_change_the_statement_in_turn():
    first = follow("各地区的销售额")
    second = follow("各地区的销售额", "只看华东")
    third = follow("各地区的销售额", "只看华东", "按月")
    fourth = follow("各地区的销售额", "只看华东", "按月", "前5")

    assert "'华东'" not in first
    assert "'华东'" in second
    assert "%Y-%m" in third
    assert "'华东'" in third
    assert len(rows(fourth)) == 5


@pytest.mark.parametrize(
    ("questions", "part"),
    [
        (("average salary by job title", "only female"), "'女'"),
        (("average salary by job title", "top 3"), "LIMIT 3"),
        (("revenue by month in 2025", "and in 2024?"), "'2024-01-01'"),
        (("revenue by month in 2025", "by quarter"), "-Q"),
        (("how many orders in 2024", "by status"), "GROUP BY"),
        (("各渠道的平均订单金额", "换成总和"), "SUM("),
        (("各渠道的平均订单金额", "换成最高"), "MAX("),
        (("各渠道的平均订单金额", "只看金卡客户"), "'金卡'"),
        (("销售额最高的5个门店", "前10"), "LIMIT 10"),
        (("销售额最高的5个门店", "倒数3"), "ASC"),
        (("2025年的订单数", "2024年呢"), "'2024-01-01'"),
        (("2025年的订单数", "按状态"), "status"),
    ],
)
def test_what_follows_changes_one_thing(questions, part):
    assert part in follow(*questions)


def test_another_period_replaces_the_period():
    assert "2025-01-01" not in follow("how many orders in 2025", "and in 2023?").replace(
        "'2024-01-01'", ""
    )


@pytest.mark.parametrize(
    "question", ["how many customers", "有多少商品", "average price of products", "最贵的商品"]
)
def test_a_question_of_its_own_starts_anew(question):
    before = ask("各地区的销售额").plan

    assert ask(question, previous=before).sql == ask(question).sql


def test_a_plan_of_tables_that_are_gone_is_left_alone():
    before = ask("各地区的销售额").plan | {"table": "gone"}

    assert ask("按月", previous=before).kind != "sql"
