"""Rules on the bare text, before any parser reads it."""

from __future__ import annotations

import re

from querygpt.guard.policy import Policy
from querygpt.guard.verdict import refuse

BAD_CHARACTERS = re.compile("[\x00\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SIGN = re.compile(r"[^\w\s]")

# What is text or a comment for the engine itself; what is not closed reaches to the end.
BLOCK_COMMENT = r"/\*.*?(?:\*/|\Z)"
DASH_COMMENT = r"--[^\n]*"
SINGLE = r"'(?:[^']|'')*+(?:'|\Z)"
DOUBLE = r'"(?:[^"]|"")*+(?:"|\Z)'
BACKTICK = r"`(?:[^`]|``)*+(?:`|\Z)"
ESCAPED = r"""'(?:[^'\\]|\\.|'')*+(?:'|\Z)"""
ESCAPED_DOUBLE = r""""(?:[^"\\]|\\.|"")*+(?:"|\Z)"""
DOLLAR = r"\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)"

DECEITS = {
    "executable_comment": {"mysql": r"/\*[Mm]?!"},
    # A template's comment is none for any engine; U&"…" hides a name behind escapes.
    "unparseable": {
        "mysql": r"\{\#",
        "postgresql": r"\{\#|\b[uU]&\"",
        "sqlite": r"\{\#",
        "duckdb": r"\{\#",
    },
}
HARMLESS = {
    "mysql": (
        ESCAPED,
        ESCAPED_DOUBLE,
        BACKTICK,
        r"--(?=[\s\x00-\x1f]|\Z)[^\n]*",
        r"\#[^\n]*",
        BLOCK_COMMENT,
    ),
    "postgresql": (rf"\b[eE]{ESCAPED}", SINGLE, DOUBLE, DOLLAR, DASH_COMMENT, BLOCK_COMMENT),
    "sqlite": (SINGLE, DOUBLE, BACKTICK, r"\[[^\]]*\]", DASH_COMMENT, BLOCK_COMMENT),
    "duckdb": (rf"\b[eE]{ESCAPED}", SINGLE, DOUBLE, DOLLAR, DASH_COMMENT, BLOCK_COMMENT),
}


def _scanner(dialect: str) -> re.Pattern[str]:
    deceits = [
        f"(?P<{rule}>{patterns[dialect]})"
        for rule, patterns in DECEITS.items()
        if dialect in patterns
    ]
    return re.compile("|".join((*deceits, *HARMLESS[dialect])), re.DOTALL)


SCANNERS = {dialect: _scanner(dialect) for dialect in HARMLESS}


def check(sql: str, *, dialect: str, policy: Policy) -> None:
    """Raises Refused for a text that is too long, holds characters that deceive, or comments that run."""
    if len(sql) > policy.max_bytes or len(sql.encode("utf-8", "replace")) > policy.max_bytes:
        refuse("too_long", f"more than {policy.max_bytes} bytes")
    bad = BAD_CHARACTERS.search(sql)
    if bad:
        refuse("bad_text", f"character U+{ord(bad.group()):04X}")
    signs, end = 0, 0
    for found in SCANNERS[dialect].finditer(sql):
        signs += len(SIGN.findall(sql, end, found.start()))
        end = found.end()
        rule = next((rule for rule in DECEITS if found.groupdict().get(rule)), "")
        if rule:
            refuse(rule, found.group())
    if signs + len(SIGN.findall(sql, end)) > policy.max_signs:
        refuse("too_deep", f"more than {policy.max_signs} signs")
