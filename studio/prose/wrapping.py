"""Paragraphs of plain text: lines cut to a width joined again, indents and empty lines taken away."""

from __future__ import annotations

import itertools
import re

from studio.prose.headings import BLANKS, SENTENCE_ENDS, SURE, candidates, lines_of

SAMPLE_LINES = 2_000
WRAPPED_SHARE = 0.5
MIN_WIDTH, MAX_WIDTH = 20, 120
_dense = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef“”‘’…—]")


def is_hard_wrapped(text: str) -> bool:
    """Whether most lines were cut to one width rather than ended by their paragraph."""
    lines = [line.strip(BLANKS) for line in text.split("\n", SAMPLE_LINES)[:SAMPLE_LINES]]
    pairs = [(one, two) for one, two in itertools.pairwise(lines) if one and two]
    if len(pairs) < 10:
        return False
    widths = sorted(len(one) for one, _two in pairs)
    usual = widths[len(widths) * 3 // 4]
    cut = sum(one[-1] not in SENTENCE_ENDS and len(one) >= usual * 0.7 for one, _two in pairs)
    return MIN_WIDTH <= usual <= MAX_WIDTH and cut >= WRAPPED_SHARE * len(pairs)


def rejoined(text: str) -> str:
    """The text with one line for each paragraph. Empty lines, indents, short lines and headings end a paragraph."""
    lines = lines_of(text)
    heads = {each.line for each in candidates(lines) if each.surety >= SURE}
    widths = sorted(len(line.bare) for line in lines if line.bare)
    usual = widths[len(widths) * 3 // 4] if widths else 0
    out: list[str] = []
    is_open = False
    for line in lines:
        starts = not line.bare or line.number in heads or line.text[:1] in " \t\u3000"
        if is_open and not starts:
            out[-1] = _joined(out[-1], line.bare)
        else:
            out.append(line.text.rstrip(BLANKS))
        is_open = (
            bool(line.bare)
            and line.number not in heads
            and (len(line.bare) >= usual * 0.6 or line.bare[-1] not in SENTENCE_ENDS)
        )
    return "\n".join(out)


def paragraphs(text: str, *, indents: bool = False, blanks: bool = True) -> str:
    """The text without empty lines at its edges; `indents` and `blanks` say whether those inside stay."""
    lines = text.split("\n")
    if not indents:
        lines = [line.strip(BLANKS) for line in lines]
    if not blanks:
        lines = [line for line in lines if line.strip(BLANKS)]
    while lines and not lines[0].strip(BLANKS):
        lines.pop(0)
    while lines and not lines[-1].strip(BLANKS):
        lines.pop()
    return "\n".join(lines)


def _joined(before: str, after: str) -> str:
    """A space between words, none between characters written without spaces; a hyphen at the end stays."""
    is_dense = _dense.match(before[-1:]) or _dense.match(after[:1])
    return before + ("" if is_dense else " ") + after
