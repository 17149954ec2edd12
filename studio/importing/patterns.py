"""A person's own pattern for headings, tried in a process of its own that is ended after two seconds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from studio.prose.headings import BLANKS, Heading, Line
from studio.prose.numerals import number

SECONDS = 2
MAX_LENGTH = 300
MAX_LINE = 90
PROGRAM = Path(__file__).with_name("matching.py")


class PatternInvalid(Exception):
    """It is no regular expression."""

    code = "pattern_invalid"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.members = {"detail": detail}


class PatternTooSlow(Exception):
    """It did not end in two seconds."""

    code = "pattern_too_slow"

    def __init__(self) -> None:
        super().__init__()
        self.members = {"seconds": SECONDS}


def check(pattern: str) -> None:
    """Raises PatternInvalid."""
    if len(pattern) > MAX_LENGTH:
        raise PatternInvalid(f"longer than {MAX_LENGTH}")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternInvalid(str(error)) from error


def headings(pattern: str, lines: list[Line]) -> list[Heading]:
    """The lines that match as a whole; the first group is the number, the second, if any, the title.

    Raises PatternInvalid, PatternTooSlow.
    """
    check(pattern)
    asked = {
        "pattern": pattern,
        "lines": [line.bare if len(line.bare) <= MAX_LINE else "" for line in lines],
    }
    try:
        # A program of ours, and the pattern as its input.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", str(PROGRAM)],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise PatternTooSlow from error
    except subprocess.CalledProcessError as error:
        raise PatternInvalid("it cannot be run") from error
    return [
        _heading(lines[place], first, second) for place, first, second in json.loads(done.stdout)
    ]


def _heading(line: Line, first: str | None, second: str | None) -> Heading:
    value = number(first) if first else None
    title = (line.bare if second is None else second).strip(BLANKS)
    return Heading(
        line.number, line.start, line.end, "chapter", title, value, is_numbered=value is not None
    )
