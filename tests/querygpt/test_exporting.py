"""Files made of results: nothing in them is run, nothing loses a digit."""

import csv
import io
import zipfile
from datetime import UTC, datetime

import orjson
import pytest

from querygpt import exporting
from querygpt.exporting import Sheet

COLUMNS = [
    {"name": "名称", "family": "text", "source": "", "unit": ""},
    {"name": "id", "family": "int", "source": "", "unit": ""},
    {"name": "amount", "family": "decimal", "source": "", "unit": ""},
    {"name": "day", "family": "date", "source": "", "unit": ""},
]
ROWS = [
    ["=HYPERLINK(1)", "1234567890123456789", "-12.30", "2025-01-02"],
    ["+1", 7, "0.1", None],
    ["中文，逗号\n换行", -3, "99999999999999999.99", "0044-03-15"],
    ["x" * 40_000, 1, "1", "10000-01-01"],
]


def made(form, rows=ROWS, *, truncated=False):
    sheet = Sheet(
        question="=cmd 问题",
        sql="SELECT 1",
        connection="demo",
        asked_at=datetime(2025, 12, 31, tzinfo=UTC),
        columns=COLUMNS,
        rows=rows,
        truncated=truncated,
    )
    return b"".join(exporting.written(sheet, form))


def test_csv_has_a_mark_and_no_formula():
    content = made("csv")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))

    assert content.startswith(b"\xef\xbb\xbf")
    assert rows[0] == ["名称", "id", "amount", "day"]
    assert rows[1] == ["'=HYPERLINK(1)", "1234567890123456789", "-12.30", "2025-01-02"]
    assert rows[2][0] == "'+1"
    assert rows[3][:2] == ["中文，逗号\n换行", "-3"]
    assert b"\r\n" in content


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_every_start_of_a_formula_is_quoted(start):
    content = made("csv", [[f"{start}1+1", 1, "1", None]])

    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1][0] == (
        f"'{start}1+1"
    )


def opened(content):
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name).decode() for name in book.namelist()}


def test_xlsx_keeps_long_numbers_and_holds_no_formula():
    parts = opened(made("xlsx"))
    sheet = parts["xl/worksheets/sheet1.xml"]

    assert "<f>" not in sheet
    assert "1234567890123456789" in sheet
    assert "99999999999999999.99" in sheet
    assert "<v>-12.3</v>" in sheet
    assert "=HYPERLINK(1)" in sheet
    assert "hyperlink" not in " ".join(parts).lower()


def test_xlsx_has_real_dates_and_says_where_it_comes_from():
    parts = opened(made("xlsx", truncated=True))

    assert "<v>45659</v>" in parts["xl/worksheets/sheet1.xml"]
    assert "0044-03-15" in parts["xl/worksheets/sheet1.xml"]
    about = parts["xl/worksheets/sheet2.xml"]
    assert "SELECT 1" in about
    assert "demo" in about
    assert "=cmd 问题" in about
    assert "<f>" not in about


def test_xlsx_cuts_what_a_cell_cannot_hold():
    sheet = opened(made("xlsx"))["xl/worksheets/sheet1.xml"]

    assert "x" * 32_766 + "…" in sheet
    assert "x" * 32_767 not in sheet


def test_json_comes_back_digit_for_digit():
    found = orjson.loads(made("json"))

    assert found["rows"] == ROWS
    assert found["columns"] == COLUMNS
    assert found["truncated"] is False


def test_json_of_many_rows_is_one_object():
    rows = [["a", number, "1.0", None] for number in range(1_234)]

    assert orjson.loads(made("json", rows))["rows"] == rows
    assert orjson.loads(made("json", []))["rows"] == []
