"""Sheets as people keep them become tables with the right types; nothing is lost without a word."""

import datetime
from decimal import Decimal

import duckdb
import pytest
import xlsxwriter

from querygpt.drivers import duckdb as driver
from querygpt.drivers.base import Allowed, Failed, Target
from querygpt.drivers.sheets import building, naming, reading

MESSY = (
    "订单号;下单日期;时间戳;金额;占比;编码;备注;备注;;是否会员\n"
    "1;2024/1/5;2024-01-05 08:30;￥1,234.50;12.5%;007;好;x;a;是\n"
    "2;2024年2月29日;2024-02-29;-3.25;3%;010;;y;b;否\n"
    "\n"
    "3;2024-03-01;2024/3/1 23:59:59;N/A;;123;=1+1;z;c;是\n"
    "合计;;;1,231.25;;;;;;;多出来的\n"
)


moment = datetime.datetime.fromisoformat


def ran(session, statement):
    session.execute(statement, Allowed())
    return list(session.rows())


def built(tmp_path, content, kind="csv", name="订单"):
    source, target = tmp_path / f"x.{kind}", tmp_path / "x.duckdb"
    source.write_bytes(content)
    told = {}
    sheets = reading.sheets_of(source, kind=kind, name=name, told=told)
    tables = building.build(sheets, folder=tmp_path, target=target)
    with duckdb.connect(str(target), read_only=True) as link:
        rows = {one["name"]: link.execute(f'FROM "{one["name"]}"').fetchall() for one in tables}
    return tables, rows, told


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_types_names_and_encodings_of_a_messy_file(tmp_path, encoding):
    (table,), rows, told = built(tmp_path, MESSY.encode(encoding))

    assert told["delimiter"] == ";"
    assert {one["name"]: one["kind"] for one in table["columns"]} == {
        "订单号": "text",
        "下单日期": "date",
        "时间戳": "datetime",
        "金额": "decimal",
        "占比": "percent",
        "编码": "text",
        "备注": "text",
        "备注_2": "text",
        "列9": "text",
        "是否会员": "bool",
        "列11": "text",
    }
    assert (table["rows"], table["has_total"]) == (4, True)
    first, second, third, _total = sorted(rows["订单"], key=lambda row: row[0])
    assert first[:6] == (
        "1",
        datetime.date(2024, 1, 5),
        moment("2024-01-05 08:30:00"),
        Decimal("1234.50"),
        0.125,
        "007",
    )
    assert second[1:3] == (datetime.date(2024, 2, 29), moment("2024-02-29 00:00:00"))
    assert (third[3], third[6], third[9]) == (None, "=1+1", True)


def test_traditional_text_is_not_read_as_simplified(tmp_path):
    _tables, rows, told = built(tmp_path, "客戶,金額\n臺灣銀行,12\n國際貿易,30\n".encode("big5"))

    assert told["encoding"] == "big5"
    assert ("國際貿易", 30) in rows["订单"]


def test_what_looks_like_numbers_at_first_and_is_not_stays_whole(tmp_path):
    lines = "\n".join(f"{n},{n}" for n in range(building.SAMPLED + 10))
    _tables, rows, _told = built(
        tmp_path, f"id,code\n{lines}\n7,12345678901234567890\n8,x\n".encode()
    )

    assert ("7", "12345678901234567890") in [(str(a), b) for a, b in rows["订单"]]


def test_each_sheet_of_a_workbook_is_a_table(tmp_path):
    book = xlsxwriter.Workbook(str(tmp_path / "made.xlsx"))
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, rows in (
        ("一月", [[datetime.date(2024, 1, 5), 3]]),
        ("Leer", []),
        ("二月", [[None, 4.5]]),
    ):
        sheet = book.add_worksheet(name)
        for at, row in enumerate([["日期", "数量"], *rows] if rows else []):
            for place, cell in enumerate(row):
                sheet.write(at, place, cell, day if isinstance(cell, datetime.date) else None)
    book.close()

    tables, rows, _told = built(tmp_path, (tmp_path / "made.xlsx").read_bytes(), "xlsx")

    assert [one["name"] for one in tables] == ["一月", "二月"]
    assert rows["一月"] == [(datetime.date(2024, 1, 5), 3)]


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"", "csv", "no_rows"),
        (b"a,b\n", "csv", "no_rows"),
        (b"PK\x03\x04 not really", "xlsx", "file_damaged"),
        (b"\xff\xfe\xfd\x80\x81 \xff", "csv", "encoding_unknown"),
        (",".join(map(str, range(501))).encode() + b"\n", "csv", "too_many_columns"),
    ],
)
def test_what_is_no_table_is_told_by_class(tmp_path, content, kind, code):
    with pytest.raises(reading.Unreadable) as fault:
        built(tmp_path, content, kind)

    assert fault.value.code == code


def test_names_are_found_only_where_they_are():
    assert naming.is_header(["订单号", "日期", "Amount"])
    assert not naming.is_header(["1", "2024-01-05", "x"])
    assert naming.columns(["A", "a", "", 'x"y']) == ["A", "a_2", "列3", "x y"]


def test_an_opened_file_reaches_nothing_else(tmp_path):
    built(tmp_path, b"a,b\n1,2\n")
    session = driver.connect(Target(driver="duckdb", path=str(tmp_path / "x.duckdb")), 5)
    inside = tmp_path / "secret.csv"
    inside.write_text("x\n1\n")

    for statement in (
        f"SELECT * FROM read_csv('{inside}')",
        f"SELECT * FROM '{inside}'",
        f"ATTACH '{tmp_path}/other.duckdb'",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        "CREATE TABLE t AS SELECT 1",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "SET enable_external_access = true",
        "PRAGMA enable_external_access",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
    ):
        with pytest.raises(Failed):
            ran(session, statement)
    session.close()
    assert not (tmp_path / "out.csv").exists()
