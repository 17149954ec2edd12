"""What chapters are called: a pattern with the chapter's and the volume's number."""

from __future__ import annotations

import re

DEFAULT = "第{n}章"
TOKENS = frozenset({"n", "cn", "v", "vcn", "title"})
DIGITS = "零一二三四五六七八九"
UNITS = ("", "十", "百", "千")
_token = re.compile(r"\{([^{}]*)\}")


def unknown_tokens(pattern: str) -> list[str]:
    """The names in braces that no pattern may use."""
    return [name for name in _token.findall(pattern) if name not in TOKENS]


def label(pattern: str, *, number: int, volume: int = 0, title: str = "") -> str:
    """The name of a chapter by a pattern whose tokens are known."""
    values = {
        "n": str(number),
        "cn": chinese(number),
        "v": str(volume) if volume else "",
        "vcn": chinese(volume) if volume else "",
        "title": title,
    }
    return _token.sub(lambda found: values[found[1]], pattern).strip()


def chinese(number: int) -> str:
    """A whole number below a hundred million as it is read: 10 is 十, 105 一百零五, 20003 二万零三."""
    if number < 10:
        return DIGITS[number]
    high, low = divmod(number, 10_000)
    if high:
        rest = chinese(low) if low else ""
        if rest and low < 20 and low >= 10:
            rest = "一" + rest
        return f"{chinese(high)}万{'零' if low and low < 1000 else ''}{rest}"
    read = _below_ten_thousand(number)
    return read[1:] if read.startswith("一十") else read


def _below_ten_thousand(number: int) -> str:
    parts: list[str] = []
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            parts.append(DIGITS[digit] + UNITS[place])
        elif parts and parts[-1] != DIGITS[0] and number % 10**place:
            parts.append(DIGITS[0])
    return "".join(parts)
