"""Suites asked by the command: the same children, the same guard, floors that end with 1."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from querygpt.evaluation.comparing import leniently_equal, strictly_equal
from querygpt.evaluation.suites import SuiteInvalid, read
from querygpt.shop import build


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    build(path)
    return path


def suite(tmp_path, *lines):
    path = tmp_path / "suite.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in lines), "utf-8")
    return path


RIGHT = {
    "id": "1",
    "question": "how many stores are there",
    "language": "en",
    "gold": ["SELECT COUNT(*) FROM stores"],
    "tags": ["count"],
}
WRONG = {
    "id": "2",
    "question": "number of products",
    "language": "en",
    "gold": ["SELECT COUNT(*) FROM stores"],
}
UNANSWERABLE = {"id": "3", "question": "why do prices rise", "language": "en", "answerable": False}


def test_a_file_is_read_asked_and_reported(tmp_path, shop):
    out = tmp_path / "report.json"

    call_command(
        "evaluate_querygpt",
        str(suite(tmp_path, RIGHT, WRONG, UNANSWERABLE)),
        database=shop,
        out=out,
        stdout=StringIO(),
    )

    told = json.loads(out.read_text("utf-8"))
    assert told["all"] | {"p50_ms": 0, "p95_ms": 0} == told["all"] | {
        "p50_ms": 0,
        "p95_ms": 0,
        "asked": 2,
        "correct": 1,
        "wrong": 1,
        "unanswerable": 1,
        "not_answered_share": 1.0,
    }
    assert told["tags"]["count"]["correct"] == 1
    assert [one["outcome"] for one in told["questions"]] == ["correct", "wrong", "abstained"]


@pytest.mark.parametrize(
    ("floors", "message"),
    [({"min_correct": 0.6}, "correct 0.500 < 0.6"), ({"max_wrong": 0.05}, "wrong 0.500 > 0.05")],
)
def test_a_missed_floor_ends_with_an_error(tmp_path, shop, floors, message):
    with pytest.raises(CommandError, match=message):
        call_command(
            "evaluate_querygpt",
            str(suite(tmp_path, RIGHT, WRONG)),
            database=shop,
            stdout=StringIO(),
            **floors,
        )


def test_gold_passes_the_guard_too(tmp_path, shop):
    hostile = RIGHT | {"gold": ["DELETE FROM stores"]}
    out = tmp_path / "report.json"

    call_command(
        "evaluate_querygpt",
        str(suite(tmp_path, hostile)),
        database=shop,
        out=out,
        stdout=StringIO(),
    )

    assert json.loads(out.read_text("utf-8"))["questions"][0]["outcome"] == "failed"


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"id": 1}',
        '{"id": 1, "question": "a", "language": "fr", "gold": ["x"]}',
        '{"id": 1, "question": "a"}',
    ],
)
def test_a_line_that_is_no_question_names_its_number(tmp_path, line):
    path = tmp_path / "suite.jsonl"
    path.write_text(line, "utf-8")

    with pytest.raises(SuiteInvalid, match="line 1"):
        read(path)


def test_rows_are_multisets_and_columns_come_in_any_order():
    assert leniently_equal([(1, "a"), (2, "b")], [("b", 2), ("a", 1)], ordered=False)
    assert not leniently_equal([(1, "a"), (2, "b")], [("a", 2), ("b", 1)], ordered=False)
    assert not leniently_equal([(1,), (2,)], [(2,), (1,)], ordered=True)
    assert not leniently_equal([(1,), (1,)], [(1,)], ordered=False)


def test_numbers_are_equal_within_a_millionth_and_dates_at_midnight():
    assert leniently_equal([(1.0,)], [("1.0000000001",)], ordered=False)
    assert not leniently_equal([(1.0,)], [(1.0001,)], ordered=False)
    assert leniently_equal([("2024-01-01",)], [("2024-01-01 00:00:00",)], ordered=False)
    assert leniently_equal([(True,)], [(1,)], ordered=False)
    assert not leniently_equal([(None,)], [(0,)], ordered=False)


def test_more_columns_are_right_only_leniently():
    assert leniently_equal([(1,)], [(1, "x")], ordered=False)
    assert not strictly_equal([(1,)], [(1, "x")], ordered=False)
