"""Counting by name of a tokenizer; its tables are loaded on first use (up to a second) and kept."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from django.utils.module_loading import import_string

from taishang.providers.counting.estimating import estimate
from taishang.providers.text import mended

PATHS = {
    "o200k": "taishang.providers.counting.openai_tables.O200K",
    "cl100k": "taishang.providers.counting.openai_tables.CL100K",
    "qwen": "taishang.providers.counting.qwen_tables.QWEN",
    "deepseek": "taishang.providers.counting.deepseek_tables.DEEPSEEK",
}
RESERVED_SHARE = 1.1
RESERVED_MORE = 16


class Tables(Protocol):
    """`most` is how many characters are worth counting exactly; a longer text is estimated by its first part."""

    most: int
    piece: int

    def count(self, text: str) -> int: ...

    def decode(self, tokens: Sequence[int]) -> str: ...


@dataclass(frozen=True)
class Count:
    """Tokens, and whether the model's own tables counted them."""

    tokens: int
    exact: bool

    @property
    def to_reserve(self) -> int:
        """What to hold of a quota: what was not counted exactly may be a tenth and 16 more."""
        if self.exact:
            return self.tokens
        return math.ceil(self.tokens * RESERVED_SHARE) + RESERVED_MORE

    def __add__(self, other: "Count") -> "Count":
        return Count(self.tokens + other.tokens, self.exact and other.exact)


def count(text: str, tokenizer: str) -> Count:
    """Tokens of a text. Unknown tokenizers, and `server`, are estimated here.

    Cost: linear; about 1 ms for 10,000 characters, tenfold for `deepseek`; the first use loads tables.
    """
    text = mended(text)
    tables = _tables(tokenizer)
    if tables is None:
        return Count(estimate(text), exact=False)
    if len(text) > tables.most:
        counted = sum(map(tables.count, _pieces(text[: tables.most], tables.piece)))
        return Count(math.ceil(counted * len(text) / tables.most), exact=False)
    pieces = _pieces(text, tables.piece)
    return Count(sum(map(tables.count, pieces)), exact=len(pieces) <= 1)


def decoded(tokens: Sequence[int], tokenizer: str) -> str:
    """The text of tokens. Raises ValueError for a tokenizer without tables here, and for numbers that are no tokens."""
    tables = _tables(tokenizer)
    if tables is None:
        raise ValueError(f"{tokenizer} has no tables here")
    try:
        return tables.decode(tokens)
    except (OverflowError, KeyError, IndexError, TypeError) as error:
        raise ValueError("these numbers are no tokens") from error


@cache
def _tables(tokenizer: str) -> Tables | None:
    path = PATHS.get(tokenizer)
    return import_string(path) if path else None


def _pieces(text: str, size: int) -> list[str]:
    """The text in pieces of at most `size` characters, cut behind a space or a stop where there is one."""
    pieces = []
    start = 0
    while len(text) - start > size:
        end = start + size
        cut = max(text.rfind(mark, start + size // 2, end) for mark in " \n。，")
        end = cut if cut > start else end
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]] if start < len(text) else pieces
