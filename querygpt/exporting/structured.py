"""JSON: columns with their families, rows as they were read (decimals stay strings), and a notice."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from querygpt.exporting.sheets import Sheet

ROWS_A_PIECE = 500


def write(sheet: Sheet) -> Iterator[bytes]:
    """One object, written piece by piece."""
    head = {
        "question": sheet.question,
        "sql": sheet.sql,
        "connection": sheet.connection,
        "asked_at": sheet.asked_at.isoformat(),
        "truncated": sheet.truncated,
        "columns": [dict(column) for column in sheet.columns],
    }
    yield orjson.dumps(head)[:-1] + b',"rows":['
    piece: list[bytes] = []
    is_first = True
    for row in sheet.rows:
        piece.append(orjson.dumps(row))
        if len(piece) == ROWS_A_PIECE:
            yield (b"" if is_first else b",") + b",".join(piece)
            piece, is_first = [], False
    if piece:
        yield (b"" if is_first else b",") + b",".join(piece)
    yield b"]}"
