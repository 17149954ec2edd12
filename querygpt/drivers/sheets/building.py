"""One DuckDB file out of the sheets of one upload, with memory that does not grow with it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import duckdb

from querygpt.drivers.sheets import kinds, naming
from querygpt.drivers.sheets.reading import SAMPLE_ROWS, Sheet, Unreadable

MOST_ROWS = 2_000_000
MOST_COLUMNS = 500
MOST_SHEETS = 20
SAMPLED = 5_000
SETTINGS: dict[str, str | bool | int] = {
    "threads": 2,
    "memory_limit": "256MB",
    "preserve_insertion_order": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}
TOTAL = re.compile(r"(合计|总计|小计|total|sum|grand total)[:：]?", re.I)


def build(sheets: Iterable[Sheet], *, folder: Path, target: Path) -> list[dict[str, Any]]:
    """Write the tables; what each is: `{name, sheet, rows, columns: [{name, kind}], cut, has_total}`.

    `cut` counts rows with more cells than there are columns. Raises Unreadable `no_rows`, `too_many_rows`,
    `too_many_columns`, `too_many_sheets`.
    """
    taken: set[str] = set()
    made = []
    with duckdb.connect(str(target), config={**SETTINGS, "temp_directory": str(folder)}) as link:
        for number, sheet in enumerate(sheets):
            if number >= MOST_SHEETS:
                raise Unreadable("too_many_sheets")
            table = _built(link, sheet, folder / "plain.csv", taken)
            if table is not None:
                made.append(table)
        link.execute("CHECKPOINT")
    if not made:
        raise Unreadable("no_rows")
    return made


def _built(link: Any, sheet: Sheet, plain: Path, taken: set[str]) -> dict[str, Any] | None:
    """One table, or nothing where a sheet is empty."""
    rows = (row for row in sheet.rows if any(cell.strip() for cell in row))
    sample = list(islice(rows, SAMPLE_ROWS))
    if not sample:
        return None
    width = max(map(len, sample))
    if width > MOST_COLUMNS:
        raise Unreadable("too_many_columns")
    has_header = naming.is_header(sample[0])
    if has_header and len(sample) == 1:
        return None
    names = naming.columns(
        [*sample[0], *[""] * (width - len(sample[0]))] if has_header else [""] * width
    )
    told = _written(chain(sample[has_header:], rows), plain, width)
    name = naming.table(sheet.name, taken)
    chosen = _loaded(link, plain, name, names)
    columns = [{"name": one, "kind": kind} for one, kind in zip(names, chosen, strict=True)]
    return {"name": name, "sheet": sheet.name, "columns": columns, **told}


def _written(rows: Iterator[list[str]], plain: Path, width: int) -> dict[str, Any]:
    """Rows of equal width in a file that is read without guessing."""
    count = cut = 0
    last: list[str] = []
    with plain.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
        for row in rows:
            count += 1
            if count > MOST_ROWS:
                raise Unreadable("too_many_rows")
            if len(row) != width:
                cut += any(cell.strip() for cell in row[width:])
                row = [*row, *[""] * (width - len(row))][:width]
            if width == 1:
                row = [row[0] or " "]
            writer.writerow(row)
            last = row
    first = next((cell.strip() for cell in last if cell.strip()), "")
    return {"rows": count, "cut": cut, "has_total": bool(TOTAL.fullmatch(first))}


def _loaded(link: Any, plain: Path, table: str, names: list[str]) -> list[str]:
    """The table with its types; they are told in order."""
    places = [f"c{place}" for place in range(len(names))]
    fields = ", ".join(f"'{place}': 'VARCHAR'" for place in places)
    link.execute(
        f"CREATE TEMP TABLE plain AS SELECT * FROM read_csv('{plain}', header = false, auto_detect = false,"
        " delim = ',', quote = '\"', escape = '\"', new_line = '\\n', parallel = false,"
        f" max_line_size = 16777216, columns = {{{fields}}})"
    )
    found = _counted(link, names, places)
    chosen = [kinds.kind(name, one) for name, one in zip(names, found, strict=True)]
    columns = ", ".join(
        f"{kinds.converted(place, kind, one)} AS {quoted(name)}"
        for place, kind, one, name in zip(places, chosen, found, names, strict=True)
    )
    link.execute(f"CREATE TABLE {quoted(table)} AS SELECT {columns} FROM plain")
    link.execute("DROP TABLE plain")
    return chosen


def _counted(link: Any, names: list[str], places: list[str]) -> list[dict[str, Any]]:
    """What the texts of each column look like: by some of them first, then all of what is still open."""
    tests = ", ".join(map(kinds.counts, places))
    sampled = link.execute(f"SELECT {tests} FROM (FROM plain LIMIT {SAMPLED})").fetchone()
    wanted = [kinds.needed(name, one) for name, one in zip(names, sampled, strict=True)]
    tests = ", ".join(map(kinds.counts, places, wanted))
    return list(link.execute(f"SELECT {tests} FROM plain").fetchone())


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
