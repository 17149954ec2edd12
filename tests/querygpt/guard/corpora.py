"""The statements we judge the guard by. ␤, ␍ and ␉ stand for the characters that a line of a list cannot hold."""

import json
from dataclasses import dataclass
from pathlib import Path

from querygpt.catalogue import Catalogue, Dialect

HERE = Path(__file__).parent
CHARACTERS = str.maketrans({"␤": "\n", "␍": "\r", "␉": "\t"})
SCHEMA = HERE / "schema.json"
CATALOGUE = Catalogue.from_dict(json.loads(SCHEMA.read_text("utf-8")))


@dataclass(frozen=True)
class Case:
    """A statement and, for a hostile one, the rule that refuses it."""

    dialect: Dialect
    sql: str
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.dialect}: {self.sql[:70]}"


def legitimate(dialect: Dialect | None = None) -> list[Case]:
    found = [
        Case(name, sql.translate(CHARACTERS))
        for names, sql in _rows("legitimate")
        for name in names.split(",")
    ]
    return [case for case in found if dialect in {None, case.dialect}]


def hostile() -> list[Case]:
    return [Case(name, sql.translate(CHARACTERS), rule) for name, rule, sql in _rows("hostile")]


def _rows(name: str) -> list[list[str]]:
    text = (HERE / f"{name}.tsv").read_text("utf-8")
    return [line.split("\t") for line in text.split("\n") if line]
