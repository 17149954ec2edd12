"""Words about time become half-open ranges of days."""

from datetime import date

import pytest

from querygpt.planner.times import find

TODAY = date(2025, 12, 31)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("今天", "2025-12-31", "2026-01-01"),
        ("昨天的订单", "2025-12-30", "2025-12-31"),
        ("本周", "2025-12-29", "2026-01-05"),
        ("上个月", "2025-11-01", "2025-12-01"),
        ("去年", "2024-01-01", "2025-01-01"),
        ("最近30天", "2025-12-02", "2026-01-01"),
        ("过去三个月", "2025-10-01", "2026-01-01"),
        ("2024年3月", "2024-03-01", "2024-04-01"),
        ("2024年3月5日", "2024-03-05", "2024-03-06"),
        ("2024-03", "2024-03-01", "2024-04-01"),
        ("2024年第一季度", "2024-01-01", "2024-04-01"),
        ("2024年上半年", "2024-01-01", "2024-07-01"),
        ("去年第三季度", "2024-07-01", "2024-10-01"),
        ("2024年1月到2024年3月", "2024-01-01", "2024-04-01"),
        ("从2024年1月1日到2024年2月1日", "2024-01-01", "2024-02-02"),
        ("2023年以后", "2024-01-01", None),
        ("自2024年3月以来", "2024-03-01", None),
        ("2015年之前", None, "2015-01-01"),
        ("today", "2025-12-31", "2026-01-01"),
        ("yesterday", "2025-12-30", "2025-12-31"),
        ("this week", "2025-12-29", "2026-01-05"),
        ("last month", "2025-11-01", "2025-12-01"),
        ("last 7 days", "2025-12-25", "2026-01-01"),
        ("q1 2024", "2024-01-01", "2024-04-01"),
        ("first half of 2024", "2024-01-01", "2024-07-01"),
        ("march 2024", "2024-03-01", "2024-04-01"),
        ("march 5, 2024", "2024-03-05", "2024-03-06"),
        ("between 2010 and 2012", "2010-01-01", "2013-01-01"),
        ("since 2013", "2013-01-01", None),
        ("after 2012", "2013-01-01", None),
        ("before 2012", None, "2012-01-01"),
        ("year to date", "2025-01-01", "2026-01-01"),
    ],
)
def test_a_period_is_half_open(text, start, end):
    period = find(text, TODAY)[0].period

    assert (period.start and period.start.isoformat(), period.end and period.end.isoformat()) == (
        start,
        end,
    )


@pytest.mark.parametrize(
    "text", ["前5名", "top 10", "price 1500", "年龄", "二年级学生", "2024-13-45"]
)
def test_other_numbers_are_no_periods(text):
    assert [one for one in find(text, TODAY) if not one.period.is_bare] == []


def test_two_years_stay_two():
    assert len(find("compare 2023 and 2024", TODAY)) == 2
