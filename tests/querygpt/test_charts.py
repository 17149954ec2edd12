"""Which chart a result asks for, what may be proposed, and what is drawn."""

import pytest

from querygpt import charts
from querygpt.charts.spec import chart


def column(name, family="text", unit=""):
    return {"name": name, "family": family, "source": "", "unit": unit}


REGION, MONTH, SALES = column("region"), column("month"), column("sales", "decimal", "CNY")
REGIONS = [[name, str(100 + place)] for place, name in enumerate(["华东", "华北", "华南", "西南"])]
MONTHS = [[f"2025-{month:02}", str(month * 10)] for month in range(1, 13)]


def kind(columns, rows, question=""):
    found = charts.choose(columns=columns, rows=rows, question=question)
    return found and found["type"]


def test_no_rows_need_no_chart():
    assert kind([SALES], []) is None


def test_one_number_is_shown_as_a_number():
    found = charts.choose(columns=[SALES], rows=[["12.50"]], question="销售额")

    assert found == chart("number", title="销售额", y=["sales"], unit="CNY")


def test_one_row_of_several_columns_is_a_table():
    assert kind([REGION, SALES], [["华东", "1"]]) == "table"


def test_months_make_a_line():
    found = charts.choose(columns=[MONTH, SALES], rows=MONTHS)

    assert found["type"] == "line"
    assert found["data"]["x"] == "month"
    assert found["data"]["y"] == ["sales"]


def test_years_in_whole_numbers_make_a_line():
    assert kind([column("year", "int"), SALES], [[2024, "1"], [2025, "2"]]) == "line"


def test_months_by_region_make_several_lines():
    rows = [[month, region, value] for month, value in MONTHS for region in ("华东", "华北")]
    found = charts.choose(columns=[MONTH, REGION, SALES], rows=rows)

    assert (found["type"], found["data"]["series"]) == ("line", "region")


def test_too_many_lines_are_a_table():
    rows = [["2025-01", f"r{number}", "1"] for number in range(9)] + [["2025-02", "r0", "1"]]

    assert kind([MONTH, REGION, SALES], rows) == "table"


def test_few_categories_make_bars():
    assert kind([REGION, SALES], REGIONS) == "bar"


def test_shares_make_a_pie():
    assert kind([REGION, SALES], REGIONS, "各地区销售额占比") == "pie"


def test_a_negative_share_is_no_slice():
    assert kind([REGION, SALES], [["a", "-1"], ["b", "2"]], "share by region") == "bar"


def test_two_measures_of_many_rows_make_points():
    rows = [[number, str(number * 2)] for number in range(10)]

    assert kind([column("qty", "int"), SALES], rows) == "scatter"
    assert kind([column("qty", "int"), SALES], rows[:9]) == "table"


def test_keys_are_no_measures():
    assert kind([column("customer_id", "int"), column("name")], [[1, "a"], [2, "b"]]) == "table"


def test_more_than_fifty_categories_show_the_first_fifty():
    rows = [[f"c{number}", str(number)] for number in range(60)]
    found = charts.choose(columns=[REGION, SALES], rows=rows)
    drawn = charts.drawn(found, columns=[REGION, SALES], rows=rows)

    assert found["data"]["top"] == 50
    assert len(drawn["labels"]) == 50
    assert drawn["left_out"] == 10


@pytest.mark.parametrize(
    "proposal",
    [
        {"type": "bar"},
        {**chart("bar", title="t", x="region", y=["sales"]), "option": {"formatter": "x"}},
        chart("bar", title="t", x="nothing", y=["sales"]),
        chart("bar", title="t", x="region", y=["region"]),
        chart("scatter", title="t", x="region", y=["sales"]),
        chart("number", title="t", y=["sales"]),
        chart("radar", title="t", x="region", y=["sales"]),
        chart("bar", title="t", x="region", y=[]),
    ],
)
def test_a_proposal_that_cannot_be_drawn_gives_way(proposal):
    assert charts.accepted(proposal, columns=[REGION, SALES], rows=REGIONS) is None
    found = charts.choose(columns=[REGION, SALES], rows=REGIONS, hint=proposal)

    assert found["type"] == "bar"
    assert found["data"]["x"] == "region"


def test_a_fitting_proposal_is_taken():
    proposal = chart("pie", title="t", x="region", y=["sales"])

    assert charts.choose(columns=[REGION, SALES], rows=REGIONS, hint=proposal) == proposal
    assert charts.choose(columns=[REGION, SALES], rows=REGIONS, hint="pie")["type"] == "pie"


def test_a_specification_holds_no_value_of_a_row():
    found = charts.choose(columns=[REGION, SALES], rows=REGIONS, question="sales by region")

    assert "华东" not in str(found)


def test_bars_are_sorted_and_laid_down_for_long_names():
    rows = [["a very long name", "1"], ["b", "3"], ["c", None]]
    spec = chart("bar", title="t", x="region", y=["sales"], sort="desc")
    drawn = charts.drawn(spec, columns=[REGION, SALES], rows=rows)

    assert drawn["labels"] == ["b", "a very long name", "c"]
    assert drawn["series"] == [{"name": "sales", "values": [3.0, 1.0, None]}]
    assert drawn["horizontal"]


def test_a_gap_between_lines_is_a_gap():
    rows = [["2025-01", "a", "1"], ["2025-02", "b", "2"]]
    spec = chart("line", title="t", x="month", y=["sales"], series="region")
    drawn = charts.drawn(spec, columns=[MONTH, REGION, SALES], rows=rows)

    assert drawn["series"] == [
        {"name": "a", "values": [1.0, None]},
        {"name": "b", "values": [None, 2.0]},
    ]
