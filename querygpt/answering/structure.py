"""Questions about the database itself, answered from the catalogue: which tables there are, what one is made of."""

from __future__ import annotations

from querygpt.catalogue import Catalogue, Table

MOST = 60


def told(*, question: str, catalogue: Catalogue, language: str) -> str:
    """The columns of the table that the question names, else the list of tables. Closed and hidden ones are left out."""
    tables = [table for table in catalogue.tables if not table.is_denied]
    asked = question.casefold()
    named = [table for table in tables if any(name in asked for name in _names(table))]
    if named:
        return "\n\n".join(_table(table, language) for table in named[:3])
    lines = [_line(table.name, _about(table, language)) for table in tables[:MOST]]
    more = f"… +{len(tables) - MOST}" if len(tables) > MOST else ""
    return "\n".join([*lines, more]).strip()


def _table(table: Table, language: str) -> str:
    columns = [column for column in table.columns if not column.is_hidden]
    lines = [
        _line(f"{column.name} ({column.data_type})", _about(column, language))
        for column in columns[:MOST]
    ]
    return "\n".join([_line(table.name, _about(table, language)).removeprefix("• "), *lines])


def _names(table: Table) -> set[str]:
    said = (table.name, table.description_zh, table.description_en)
    return {name.casefold() for name in said if len(name) > 1}


def _about(thing: object, language: str) -> str:
    own = getattr(thing, f"description_{language}", "")
    return str(own or getattr(thing, "comment", ""))


def _line(name: str, about: str) -> str:
    return f"• {name} – {about}" if about else f"• {name}"
