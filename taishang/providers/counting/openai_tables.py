"""OpenAI's tables."""

from collections.abc import Sequence

import bpe_openai


class _Tables:
    most = 2_000_000
    # It refuses a million characters at once.
    piece = 500_000

    def __init__(self, name: str) -> None:
        self._encoding = bpe_openai.get_encoding(name)

    def count(self, text: str) -> int:
        return len(self._encoding.encode_ordinary(text))

    def decode(self, tokens: Sequence[int]) -> str:
        return self._encoding.decode(list(tokens))


O200K = _Tables("o200k_base")
CL100K = _Tables("cl100k_base")
