"""Names of tables and columns, and whether a first row holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MOST = 63
ODD = re.compile(r"[\x00-\x1f\x7f\"`]+")
VALUE = re.compile(r"[-+]?[￥¥$€]?[\d.,]+%?|\d{4}[-/.年]\d{1,2}([-/.月]\d{1,2}日?)?.*")


def is_header(row: Sequence[str]) -> bool:
    """Whether these are names: words, hardly any of them empty, none of them a number or a date."""
    filled = [cell.strip() for cell in row if cell.strip()]
    return len(filled) * 2 > len(row) and not any(VALUE.fullmatch(cell) for cell in filled)


def columns(header: Iterable[str]) -> list[str]:
    """One name for each, none twice in any case: `列3` for an empty one, `name_2` for the second."""
    taken: set[str] = set()
    return [_free(plain(cell) or f"列{place}", taken) for place, cell in enumerate(header, start=1)]


def table(name: str, taken: set[str]) -> str:
    return _free(plain(name) or "sheet", taken)


def plain(name: str) -> str:
    return ODD.sub(" ", name).strip()[:MOST].strip()


def _free(name: str, taken: set[str]) -> str:
    """The name, or with a number what nobody has yet; taken from now on."""
    chosen, number = name, 2
    while chosen.casefold() in taken:
        chosen = f"{name}_{number}"
        number += 1
    taken.add(chosen.casefold())
    return chosen
