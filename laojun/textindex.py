"""Words and pieces of text for PostgreSQL's full-text types, for Chinese and English alike.

A lexeme here is a piece that the index holds and a query asks for: `grams` for substrings, `terms` for ranked
search. Nothing is asked of the server's parser, which depends on its locale. Lexemes are stored without positions:
those past 16,383 are lost silently. A tsvector is made by casting quoted lexemes, at most `MAX_CHARACTERS` of text
per row; `array_to_tsvector` stores a corrupt value above 1 MB without an error.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

MAX_CHARACTERS = 20_000
MAX_WORD_CHARACTERS = 64
MAX_QUERY_TERMS = 64

# Scripts written without spaces: a pair of letters is their word.
DENSE = (
    "\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_runs = re.compile(rf"(?P<dense>[{DENSE}]+)|(?P<word>(?:(?![{DENSE}])[^\W_])+)")


def fold(text: str) -> str:
    """The text in the form that is compared: per code point NFKC and lower case. Its length never changes."""
    return "".join(map(_fold_one, text))


def terms(text: str) -> list[str]:
    """What ranked search knows of a text, each piece once and in the order of first use.

    Runs of Han, Kana and Hangul give their overlapping pairs (a lone character itself), others whole words of
    at most 64 characters.
    """
    return list(dict.fromkeys(_terms(fold(text))))


def grams(text: str) -> list[str]:
    """What substring search knows of a text: every piece that a query of `pieces` may ask for.

    Dense runs give pairs and their last character; other runs give threes and their last two and last one, so
    that a query shorter than a gram is a prefix of one.
    """
    return list(dict.fromkeys(_grams(fold(text))))


def pieces(query: str) -> list[str]:
    """Prefixes that the grams of every text containing `query` hold; ask for them by `all_of(…, prefix=True)`.

    Punctuation asks for nothing: whoever searches compares the folded text afterwards.
    """
    found: dict[str, None] = {}
    for run, size in _split(fold(query)):
        found.update(dict.fromkeys(_windows(run, size) if len(run) >= size else [run]))
    return list(found)


def all_of(lexemes: Iterable[str], *, prefix: bool = False) -> str:
    """A tsquery literal that asks for every lexeme; empty asks for nothing. Cast it by `::tsquery`."""
    return " & ".join(_asked(lexeme, prefix=prefix) for lexeme in lexemes)


def any_of(lexemes: Iterable[str], *, prefix: bool = False) -> str:
    """A tsquery literal that asks for at least one of the first 64 distinct lexemes."""
    distinct = list(dict.fromkeys(lexemes))[:MAX_QUERY_TERMS]
    return " | ".join(_asked(lexeme, prefix=prefix) for lexeme in distinct)


def as_tsvector(lexemes: Iterable[str]) -> str:
    """A tsvector literal of distinct lexemes without positions. Cast it by `::tsvector`."""
    return " ".join(_quoted(lexeme) for lexeme in dict.fromkeys(lexemes))


def _fold_one(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    for changed in (unicodedata.normalize("NFKC", letter), letter):
        lower = changed.lower()
        if len(lower) == 1:
            return lower
        if len(changed) == 1:
            return changed
    return letter


def _split(folded: str) -> Iterator[tuple[str, int]]:
    """Runs of letters and digits with the size of their grams; what stands between them is left out."""
    for found in _runs.finditer(folded):
        yield found.group(), 2 if found.lastgroup == "dense" else 3


def _terms(folded: str) -> Iterator[str]:
    for run, size in _split(folded):
        if size == 3:
            yield run[:MAX_WORD_CHARACTERS]
        elif len(run) == 1:
            yield run
        else:
            yield from _windows(run, size)


def _grams(folded: str) -> Iterator[str]:
    for run, size in _split(folded):
        yield from _windows(run, size)
        yield from (run[-rest:] for rest in range(1, size) if rest <= len(run))


def _windows(run: str, size: int) -> Iterator[str]:
    return (run[start : start + size] for start in range(len(run) - size + 1))


def _asked(lexeme: str, *, prefix: bool) -> str:
    return f"{_quoted(lexeme)}:*" if prefix else _quoted(lexeme)


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
