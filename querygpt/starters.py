"""Questions to begin with, made for the database at hand."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import translation
from django.utils.translation import gettext as _

from querygpt.models import Column, Connection, Table
from querygpt.shop import knowledge as shop

# What the demonstration calls its shop.
SHOP = " · ".join(shop.CONNECTION_NAME)
MOST = 4
LOOKED_AT = 12


def of(connection: Connection | None) -> list[str]:
    """At most four questions this database can answer, in the reader's language. Two queries."""
    if connection is None:
        return []
    if connection.name == SHOP:
        return list(shop.STARTERS[_language()])[:MOST]
    tables = Table.objects.present().filter(connection=connection, access=Table.Access.ALLOWED)
    found = list(tables.order_by("-rows_estimate", "name")[:LOOKED_AT])
    columns: dict[object, list[Column]] = {}
    rows = Column.objects.filter(table__in=found, is_hidden=False).order_by("ordinal")
    for column in rows:
        columns.setdefault(column.table_id, []).append(column)
    made = [question for table in found for question in _about(table, columns.get(table.pk, []))]
    return _different(made)[:MOST]


def _language() -> str:
    return "zh" if (translation.get_language() or "").startswith("zh") else "en"


def _about(table: Table, columns: Sequence[Column]) -> list[str]:
    name = _name(table)
    questions = [_("How many %(table)s are there?") % {"table": name}]
    category = _first(columns, Column.Role.CATEGORY)
    if category:
        both = {"table": name, "column": category}
        questions.insert(0, _("Number of %(table)s by %(column)s") % both)
    return questions


def _different(questions: Sequence[str]) -> list[str]:
    """Those that group first, then the counts; no two alike."""
    return list(dict.fromkeys([*questions[::2], *questions[1::2]]))


def _first(columns: Sequence[Column], role: str) -> str:
    return next((_name(column) for column in columns if column.role == role), "")


def _name(thing: Table | Column) -> str:
    own = thing.description_zh if _language() == "zh" else ""
    short = own.split("，")[0].split("。")[0].split("（")[0]
    return short if 0 < len(short) <= 12 else thing.name
