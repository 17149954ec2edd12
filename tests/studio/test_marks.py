"""Markdown-lite: what it reads is what the shared vectors say, and what it writes it reads again."""

import json
from pathlib import Path
from time import perf_counter

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.prose.marks import Block, Span, escape, parse, parse_line, plain, written

VECTORS = json.loads((Path(__file__).parent / "vectors" / "marks.json").read_text())


def test_lines_mean_what_the_vectors_say():
    for case in VECTORS:
        expected = [
            Block(
                each["kind"],
                tuple(Span(**span) for span in each.get("spans", [])),
                each.get("level", 0),
            )
            for each in case["blocks"]
        ]

        assert parse(case["text"]) == expected, case["text"]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab文*#>-\\[]()htps:/. \n　"))
def test_escaped_text_shows_its_own_characters(text):
    shown = [line if line.strip() else "" for line in text.split("\n")]

    assert plain(escape(text)) == "\n".join(shown)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(Span, st.text(alphabet="ab文*#>\\ ", min_size=1), st.booleans(), st.booleans()),
        max_size=1,
    )
)
def test_a_written_span_is_read_again(spans):
    line = written(spans)

    assert parse_line(line).text == ("".join(span.text for span in spans) if line.strip() else "")


def test_a_line_of_a_hundred_thousand_marks_is_read_in_seconds():
    for line in ("*a" * 20_000, "[" * 100_000, "[a" * 20_000, "\\*" * 20_000):
        started = perf_counter()
        parse_line(line)

        assert perf_counter() - started < 5
