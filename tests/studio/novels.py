"""Long books made by rule, with the headings that mislead: for import, export and search. The same every time."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

HAN = "山水云风雨雪月星火木金土人心手足天地日夜花草鸟鱼马牛车门窗灯书画琴剑酒茶江湖海河城村路桥"
WORDS = [
    "the",
    "morning",
    "light",
    "fell",
    "across",
    "a",
    "quiet",
    "river",
    "while",
    "nobody",
    "spoke",
    "and",
    "every",
    "window",
    "kept",
    "its",
    "own",
    "secret",
    "about",
    "winter",
    "roads",
    "where",
    "lanterns",
    "swayed",
    "under",
    "heavy",
    "clouds",
]
DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Novel:
    """A text and the chapters it truly has: number, title, first body line."""

    text: str
    chapters: list[tuple[int, str, str]]


def chinese_numeral(value: int) -> str:
    if value < 10:
        return DIGITS[value]
    if value < 20:
        return "十" + (DIGITS[value % 10] if value % 10 else "")
    if value < 100:
        return DIGITS[value // 10] + "十" + (DIGITS[value % 10] if value % 10 else "")
    rest = value % 100
    tail = (
        ""
        if not rest
        else (
            "零" + DIGITS[rest]
            if rest < 10
            else DIGITS[rest // 10] + "十" + (DIGITS[rest % 10] if rest % 10 else "")
        )
    )
    return DIGITS[value // 100] + "百" + tail


def digit_string(value: int) -> str:
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(value))


def old_numeral(value: int) -> str:
    for lowest, sign in ((40, "卌"), (30, "卅"), (20, "廿")):
        if lowest <= value < lowest + 10:
            return sign + (DIGITS[value % 10] if value % 10 else "")
    return chinese_numeral(value)


def roman(value: int) -> str:
    pairs = (
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    )
    out = ""
    for worth, sign in pairs:
        while value >= worth:
            out, value = out + sign, value - worth
    return out


def sentence(chance: random.Random, length: int = 18) -> str:
    return "".join(chance.choice(HAN) for _ in range(length)) + "。"


def paragraph(chance: random.Random) -> str:
    return "".join(sentence(chance, chance.randint(8, 24)) for _ in range(chance.randint(2, 6)))


def chinese_novel(
    *,
    count: int = 120,
    heading: Callable[[int, str], str] = lambda n, t: f"第{chinese_numeral(n)}回　{t}",
    indent: str = "　　",
    gap: str = "\n",
    contents: bool = True,
    traps: bool = True,
    volumes: bool = False,
    seed: int = 7,
) -> Novel:
    """`gap` stands between paragraphs; `traps` are sentences of the body that begin with an ordinal."""
    chance = random.Random(seed)
    titles = [sentence(chance, 7)[:-1] + "　" + sentence(chance, 7)[:-1] for _ in range(count)]
    out, chapters = ["山河志", "佚名 著", ""], []
    if contents:
        out += [
            "目录",
            *(heading(n, titles[n - 1]) + f"……{n * 7}" for n in range(1, count + 1)),
            "",
        ]
    for n in range(1, count + 1):
        if volumes and n % 40 == 1:
            out += ["", f"第{chinese_numeral(n // 40 + 1)}卷 {sentence(chance, 3)[:-1]}", ""]
        first = indent + paragraph(chance)
        body = [first, *(indent + paragraph(chance) for _ in range(chance.randint(6, 10)))]
        if traps and n % 3 == 0:
            body.insert(2, f"{indent}第{chinese_numeral(n + 5)}回里说到的那件事，众人都还记得。")
            body.insert(3, f"{indent}第一节课他没有来")
            body.insert(4, f"{indent}第三章写完了。")
        out += [heading(n, titles[n - 1]), *(gap.join(body)).split("\n"), ""]
        chapters.append((n, titles[n - 1], first.strip()))
    return Novel("\n".join(out), chapters)


def english_novel(*, count: int = 61, wrapped: int = 72, seed: int = 3) -> Novel:
    """Hard-wrapped lines, Roman numerals with the title under them, a list of contents, a library's frame."""
    chance = random.Random(seed)
    titles = [" ".join(chance.choices(WORDS, k=4)).title() for _ in range(count)]
    out = [
        "The Project Gutenberg eBook of Quiet Rivers",
        "",
        "*** START OF THE PROJECT GUTENBERG EBOOK QUIET RIVERS ***",
        "",
    ]
    out += ["QUIET RIVERS", "", "By Nobody", "", "Contents", ""]
    out += [f" CHAPTER {roman(n)}. {titles[n - 1]}" for n in range(1, count + 1)] + ["", ""]
    chapters = []
    for n in range(1, count + 1):
        out += [f"CHAPTER {roman(n)}.", titles[n - 1], ""]
        first = ""
        for k in range(8):
            words = " ".join(chance.choices(WORDS, k=chance.randint(40, 90))).capitalize()
            if k == 3:
                words += f" as it was told in chapter {n + 1} of the older book which"
                words += " chapter 3 was never " + " ".join(chance.choices(WORDS, k=12))
            lines = wrap(words + ".", wrapped)
            first = first or lines[0]
            out += [*lines, ""]
        chapters.append((n, titles[n - 1], first))
    out += [
        "*** END OF THE PROJECT GUTENBERG EBOOK QUIET RIVERS ***",
        "",
        "Updated editions will replace it.",
    ]
    return Novel("\n".join(out), chapters)


def wrap(text: str, width: int) -> list[str]:
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]
