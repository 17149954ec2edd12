"""Numbers as books write them: 12, １２, 十二, 廿二, 一二〇, 第壹佰, XII, Twelve."""

from __future__ import annotations

import re

MAX_NUMBER = 99_999
DIGITS = {
    **dict(zip("〇一二三四五六七八九", range(10), strict=True)),
    **dict(zip("零壹贰叁肆伍陆柒捌玖", range(10), strict=True)),
    **dict(zip("○壹貳參肆伍陸柒捌玖", range(10), strict=True)),
    "两": 2, "兩": 2, "叄": 3, "弌": 1, "Ｏ": 0,
}  # fmt: skip
UNITS = {
    "十": 10,
    "拾": 10,
    "百": 100,
    "佰": 100,
    "千": 1000,
    "仟": 1000,
    "万": 10_000,
    "萬": 10_000,
}
# One character for two: 廿 is 二十.
TENS = {"廿": 2, "卄": 2, "卅": 3, "丗": 3, "卌": 4}
CHINESE = "".join(sorted({*DIGITS, *UNITS, *TENS}))
ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
ENGLISH = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
ENGLISH_TENS = dict(
    zip(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        range(20, 100, 10),
        strict=True,
    )
)
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "last": 0,
}  # fmt: skip
_roman = re.compile(r"M{0,3}(CM|CD|D?C{0,4})(XC|XL|L?X{0,4})(IX|IV|V?I{0,4})")
_wide = str.maketrans("０１２３４５６７８９", "0123456789")
_roman_signs = str.maketrans(
    {
        chr(0x2160 + place): text
        for place, text in enumerate(
            ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
        )
    }
)


def number(text: str) -> int | None:
    """The number that a text writes, in any of the ways; None when it writes none."""
    text = text.strip().translate(_wide)
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= 5 else None
    for read in (_chinese, _from_roman, _from_english):
        found = read(text)
        if found is not None:
            return found
    return None


def _chinese(text: str) -> int | None:
    if not text or any(letter not in CHINESE for letter in text):
        return None
    if all(letter in DIGITS for letter in text):
        return int("".join(str(DIGITS[letter]) for letter in text)) if len(text) <= 5 else None
    total = section = digit = 0
    for letter in text:
        if letter in DIGITS:
            digit = digit * 10 + DIGITS[letter]
        elif letter in TENS:
            section, digit = section + TENS[letter] * 10, 0
        elif UNITS[letter] == 10_000:
            total, section, digit = (total + section + digit) * 10_000, 0, 0
        else:
            section, digit = section + (digit or 1) * UNITS[letter], 0
    found = total + section + digit
    return found if found <= MAX_NUMBER else None


def _from_roman(text: str) -> int | None:
    text = text.translate(_roman_signs).upper()
    if not text or not _roman.fullmatch(text):
        return None
    values = [ROMAN[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(
        -value if value < after else value for value, after in zip(values, following, strict=True)
    )


def _from_english(text: str) -> int | None:
    words = [word for word in re.split(r"[\s-]+", text.lower()) if word != "the"]
    if len(words) == 1:
        word = words[0]
        return next(
            (table[word] for table in (ENGLISH, ORDINALS, ENGLISH_TENS) if word in table), None
        )
    if len(words) == 2 and words[0] in ENGLISH_TENS:
        unit = ENGLISH.get(words[1], ORDINALS.get(words[1], 0))
        return ENGLISH_TENS[words[0]] + unit if 0 < unit < 10 else None
    return None
