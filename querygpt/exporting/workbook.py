"""XLSX: no formulas, no links, real dates, and text where a spreadsheet's numbers would lose digits."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Any

import xlsxwriter
from django.utils.translation import gettext as _

from querygpt.exporting.sheets import Sheet
from querygpt.results.cells import NUMBERS, SAFE_INTEGER, Column, number, text

MOST_CHARACTERS = 32_767
MOST_DIGITS = 15
PIECE_BYTES = 64 * 1024
FIRST_YEAR = 1900
# What XML 1.0 cannot hold.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write(sheet: Sheet) -> Iterator[bytes]:
    """The workbook in pieces, from a file on disk: memory stays flat however many rows there are."""
    with tempfile.TemporaryFile() as content:
        _fill(content, sheet)
        content.seek(0)
        while piece := content.read(PIECE_BYTES):
            yield piece


def _fill(content: IO[bytes], sheet: Sheet) -> None:
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(content, options) as book:
        formats = {
            "head": book.add_format({"bold": True}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "datetime": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        page = book.add_worksheet(_("Result"))
        for place, column in enumerate(sheet.columns):
            page.write_string(0, place, _cut(str(column["name"])), formats["head"])
        for line, row in enumerate(sheet.rows, 1):
            for place, (cell, column) in enumerate(zip(row, sheet.columns, strict=True)):
                _write(page, line, place, cell, column, formats)
        page.freeze_panes(1, 0)
        _about(book.add_worksheet(_("About")), sheet, formats)


def _write(
    page: Any, line: int, place: int, cell: Any, column: Column, formats: dict[str, Any]
) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        page.write_boolean(line, place, cell)
    elif column.get("family") in NUMBERS and _is_kept(cell):
        page.write_number(line, place, float(cell))
    elif (moment := _moment(cell, column)) is not None:
        page.write_datetime(line, place, moment, formats[str(column["family"])])
    else:
        page.write_string(line, place, _cut(text(cell)))


def _is_kept(cell: Any) -> bool:
    """Whether a double holds the number digit for digit."""
    value = number(cell)
    if value is None or abs(value) > SAFE_INTEGER:
        return False
    return isinstance(cell, float) or len(value.normalize().as_tuple().digits) <= MOST_DIGITS


def _moment(cell: Any, column: Column) -> date | datetime | None:
    """A date that a spreadsheet knows: without a zone, from 1900 on."""
    kind = {"date": date, "datetime": datetime}.get(str(column.get("family")))
    if kind is None or not isinstance(cell, str):
        return None
    try:
        found: date | datetime = kind.fromisoformat(cell)
    except ValueError:
        return None
    if found.year < FIRST_YEAR or getattr(found, "tzinfo", None) is not None:
        return None
    return found


def _about(page: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    notice = _("The result was cut at the limit of rows.") if sheet.truncated else ""
    facts = (
        (_("Question"), sheet.question),
        (_("SQL"), sheet.sql),
        (_("Database"), sheet.connection),
        (_("Asked at"), sheet.asked_at.isoformat(timespec="seconds")),
        (_("Notice"), notice),
    )
    for line, (name, value) in enumerate(facts):
        page.write_string(line, 0, str(name), formats["head"])
        page.write_string(line, 1, _cut(value))


def _cut(shown: str) -> str:
    shown = UNWRITABLE.sub("�", shown)
    return shown if len(shown) <= MOST_CHARACTERS else shown[: MOST_CHARACTERS - 1] + "…"
