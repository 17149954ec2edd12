"""The sentence about a result: every number in it comes from the rows."""

import re
from datetime import date
from decimal import Decimal

import pytest

from querygpt import summaries
from querygpt.summaries import Found

REGION = {"name": "region", "family": "text"}
SALES = {"name": "sales", "family": "decimal", "unit": ""}
ROWS = [["华东", "1234567.80"], ["华北", "1000"], ["华南", "250.5"]]


def told(columns, rows, language="en", **values):
    values.setdefault("rows_count", len(rows))
    return summaries.told(Found(columns, rows, **values), language=language)


def test_nothing_found_is_said():
    assert told([SALES], []) == "No rows match."
    assert told([SALES], [], "zh") == "没有符合条件的数据。"


def test_one_number_stands_exactly():
    assert told([SALES], [["1234567.80"]]) == "sales: 1,234,567.8."
    assert told([SALES], [["1234567.80"]], "zh") == "sales：1,234,567.8（约 123.46 万）。"


def test_one_null_is_no_zero():
    assert told([SALES], [[None]]) == "sales: no value."
    assert told([SALES], [[None]], "zh") == "sales：没有值。"


def test_extremes_and_total():
    said = told([REGION, SALES], ROWS)

    assert said == ("3 rows. Highest: 华东, 1,234,567.8. Lowest: 华南, 250.5. Total: 1,235,818.3.")


def test_in_chinese():
    said = told([REGION, SALES], ROWS, "zh")

    assert said.startswith("共 3 行。最高：华东，1,234,567.8（约 123.46 万）。")
    assert "合计：1,235,818.3（约 123.58 万）。" in said


def test_averages_are_not_added_up():
    average = {"name": "avg_amount", "family": "decimal"}

    assert "Total" not in told([REGION, average], ROWS)


def test_a_cut_result_has_no_total():
    said = told([REGION, SALES], ROWS, truncated=True)

    assert "Total" not in said
    assert "Only the first 3 rows were fetched." in said


def test_what_today_meant_is_said():
    assert "“Today” is 2025-12-31." in told(
        [REGION, SALES], ROWS, reference_date=date(2025, 12, 31)
    )


def test_a_range_of_days():
    day = {"name": "day", "family": "date"}

    assert "From 2025-01-01 to 2025-01-03." in told(
        [day, SALES], [["2025-01-03", "1"], ["2025-01-01", "2"]]
    )


def test_a_hundred_thousand_letters_are_cut():
    assert len(told([REGION], [["x" * 100_000]])) < 200


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("100000000", "100,000,000（约 1 亿）"),
        ("9999", "9,999"),
        ("-25000", "-25,000（约 -2.5 万）"),
        ("1E+30", "1,000,000,000,000,000,000,000,000,000,000（约 10000000000000000000000 亿）"),
        ("-0.0", "-0"),
        ("0.10", "0.1"),
    ],
)
def test_figures_in_chinese(value, shown):
    assert summaries.figure(Decimal(value), "zh") == shown


def test_every_number_of_the_summary_is_in_the_rows_or_their_sum():
    said = told([REGION, SALES], ROWS)
    numbers = {found.replace(",", "") for found in re.findall(r"\d[\d,.]*\d|\d", said)}

    assert numbers <= {"3", "1234567.8", "250.5", "1235818.3"}
