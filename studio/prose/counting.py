"""字数: how long a text is, as its author counts. `static/js/studio/counting.js` is the same for the browser.

Marks of Markdown-lite count nothing. Each Han character, kana, bopomofo and Hangul syllable is one, each CJK
punctuation mark is one, each run of other letters and digits is one word. Dashes, curly quotes and ellipses are one
each where Chinese is written, nothing among Latin words. Lines count apart, so a text counts what its lines do.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import astuple, dataclass
from pathlib import Path

_RANGES: dict[str, list[list[int]]] = json.loads(
    (Path(__file__).parent / "ranges.json").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class Count:
    """`words` is 字数, `words_plain` the same without punctuation, `chars` the code points that can be seen."""

    words: int
    words_plain: int
    chars: int


_BY_CONTEXT = "—―‘’“”…·"
_BASIC = 0xFFFF


def _members(name: str, most: int) -> str:
    """The inside of a character class, up to a code point."""
    return "".join(
        f"{re.escape(chr(first))}-{re.escape(chr(min(last, most)))}"
        for first, last in _RANGES[name]
        if first <= most
    )


class _Rules:
    """The classes as patterns. Those of the basic plane alone are ten times as fast: a miss asks no list of ranges."""

    def __init__(self, most: int) -> None:
        syllables, punctuation = _members("syllables", most), _members("punctuation", most)
        letters, digits = _members("words", most), _members("digits", most)
        part = f"[{letters}][{letters}{_members('marks', most)}]*"
        self.syllables = re.compile(f"[{syllables}]+")
        self.punctuation = re.compile(f"[{punctuation}]+")
        self.words = re.compile(f"{part}(?:(?:['’-]|(?<=[{digits}])[.,](?=[{digits}])){part})*")
        self.dense = re.compile(f"[{syllables}{punctuation}]")
        self.wordy = re.compile(f"[{letters}]")

    def count(self, text: str) -> Count:
        syllables = _length(self.syllables, text)
        words = len(self.words.findall(text))
        signs = _length(self.punctuation, text)
        if _by_context.search(text):
            signs += sum(self._signs(line) for line in text.split("\n") if _by_context.search(line))
        chars = len(text) - _length(_unseen, text)
        return Count(syllables + signs + words, syllables + words, chars)

    def _signs(self, line: str) -> int:
        """Dashes, quotes and ellipses of a line: one each where Chinese is written or nothing else stands."""
        if not self.dense.search(line) and self.wordy.search(line):
            return 0
        loose = self.words.sub("", line) if "’" in line else line
        return sum(map(loose.count, _BY_CONTEXT))


_by_context = re.compile(f"[{_BY_CONTEXT}]")
_beyond = re.compile("[\U00010000-\U0010ffff]")
_unseen = re.compile(f"[{_members('unseen', _BASIC)}]+")
_basic, _whole = _Rules(_BASIC), _Rules(0x10FFFF)
_escape = re.compile(r"\\([!-/:-@\[-`{-~])")
_scene_break = re.compile(r"(?<![^\n])(?:\*\*\*|---)[ \t]*(?![^\n])")
_lead = re.compile(r"(?<![^\n])(?:#{1,3}[ \t]+|>[ \t]?)")
_link = re.compile(r"\[([^\[\]\n]+)\]\(https?://[^ \t\n()]+\)")
# What joins words keeps its meaning when escaped; any other escaped sign becomes one that no text holds.
_JOINERS = "'-.,"


def count(text: str) -> Count:
    plain = unmarked(text)
    if not _beyond.search(plain):
        return _basic.count(plain)
    near, far = list[str](), list[str]()
    for line in plain.split("\n"):
        (far if _beyond.search(line) else near).append(line)
    parts = _basic.count("\n".join(near)), _whole.count("\n".join(far))
    return Count(*(sum(values) for values in zip(*map(astuple, parts), strict=True)))


def minutes(text: str, counted: Count) -> int:
    """How long it takes to read: whole minutes at 400 syllabic signs or 238 other words in each."""
    rules = _whole if _beyond.search(text) else _basic
    syllables = _length(rules.syllables, text)
    words = max(0, counted.words_plain - syllables)
    return math.ceil(syllables / 400 + words / 238)


def unmarked(text: str) -> str:
    """The text without marks of Markdown-lite, in the same lines. Unescaped stars are all taken for marks (pairs
    would cost the square of a long line), and escaped signs are not all kept."""
    if "\\" in text:
        text = _escape.sub(_unescaped, text)
    if "[" in text:
        text = _link.sub(r"\1", text)
    return _lead.sub("", _scene_break.sub("", text)).replace("*", "")


def _unescaped(found: re.Match[str]) -> str:
    return found[1] if found[1] in _JOINERS else "\0"


def _length(runs: re.Pattern[str], text: str) -> int:
    return sum(map(len, runs.findall(text)))
