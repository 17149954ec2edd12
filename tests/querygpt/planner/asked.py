"""Asking the planner in tests: databases built once, rows compared as an evaluation does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from querygpt import planner
from querygpt.catalogue import Catalogue
from querygpt.evaluation.suites import Question, read
from querygpt.shop import knowledge
from tests.querygpt.databases import BUILDERS
from tests.querygpt.schemas import catalogue_of

SUITES = Path(__file__).parent.parent / "suites"
TODAY = knowledge.REFERENCE_DATE


@lru_cache
def database(name: str) -> tuple[Path, Catalogue]:
    path = Path(mkdtemp(prefix="planner-")) / f"{name}.db"
    BUILDERS[name](path)
    told = (
        {"terms": knowledge.TERMS, "descriptions": knowledge.DESCRIPTIONS} if name == "shop" else {}
    )
    return path, catalogue_of(path, reference_date=TODAY, **told)


def ask(
    question: str, name: str = "shop", previous: dict | None = None, dialect: str = "sqlite"
) -> planner.Outcome:
    language = "en" if question.isascii() else "zh"
    return planner.plan(
        question=question,
        language=language,
        catalogue=database(name)[1],
        dialect=dialect,
        today=TODAY,
        previous=previous,
    )


def rows(sql: str, name: str = "shop") -> list[tuple]:
    with closing(sqlite3.connect(database(name)[0])) as file:
        return file.execute(sql).fetchall()


def suite(name: str) -> list[Question]:
    return read(SUITES / f"{name}.jsonl")[0]
