"""The committed questions: right or asked back, hardly ever wrong; what cannot be answered is not."""

import re
from pathlib import Path

import pytest

from querygpt import planner as package
from querygpt.evaluation.comparing import leniently_equal
from tests.querygpt.planner.asked import SUITES, ask, database, rows, suite

NAMES = sorted(path.stem for path in SUITES.glob("*.jsonl"))
QUESTIONS = [(name, one) for name in NAMES for one in suite(name)]
ANSWERABLE = [one for one in QUESTIONS if one[1].answerable]
OTHERS = [one for one in QUESTIONS if not one[1].answerable]


@pytest.mark.parametrize(("name", "question"), ANSWERABLE, ids=lambda one: getattr(one, "id", ""))
def test_an_answer_is_right_if_there_is_one(name, question):
    outcome = ask(question.question, name)

    if outcome.kind == "sql":
        found = rows(outcome.sql, name)
        assert any(
            leniently_equal(rows(gold, name), found, ordered=question.ordered)
            for gold in question.gold
        ), outcome.sql
    else:
        assert outcome.reason


@pytest.mark.parametrize(("name", "question"), OTHERS, ids=lambda one: getattr(one, "id", ""))
def test_what_no_query_can_answer_is_not_answered(name, question):
    outcome = ask(question.question, name)

    assert (outcome.kind, outcome.sql) != ("sql", outcome.sql), outcome.sql
    assert outcome.reason


def test_at_least_nine_tenths_are_answered():
    answered = [ask(one.question, name).kind == "sql" for name, one in ANSWERABLE]

    assert sum(answered) / len(answered) >= 0.9


def test_the_suites_are_large_enough():
    languages = [one.language for _, one in ANSWERABLE]

    assert languages.count("zh") >= 120
    assert languages.count("en") >= 120
    assert len(OTHERS) >= 80


def test_no_rule_names_a_table_or_column_of_the_suites():
    """Names of one word stand in any dictionary; those made of two are nobody's but the schema's."""
    code = "\n".join(path.read_text("utf-8") for path in Path(package.__file__).parent.glob("*.py"))
    names = {
        name
        for suite_name in NAMES
        for table in database(suite_name)[1].tables
        for name in (table.name, *(column.name for column in table.columns))
        if re.search(r"_|[a-z][A-Z]", name) or (len(name) > 2 and not name.isascii())
    }
    shared = {
        "name_en",
        "order_date",
        "hire_date",
        "created_at",
        "job_title",
        "unit_price",
        "payment_method",
        "order_item",
        "line_amount",
    }

    assert [
        name
        for name in sorted(names - shared)
        if re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", code)
    ] == []
