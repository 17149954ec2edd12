"""Text made comparable: width, case, simplified characters, words of identifiers, singulars, numerals."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import cn2an
import opencc

CJK = "\u3400-\u4dbf\u4e00-\u9fff"
NUMERALS = "零〇一二三四五六七八九十百千万亿两"

_UNIT = re.compile(
    rf"\d[\d,]*(?:\.\d+)?(?:[kmbw](?![a-z0-9]))?|[a-z][a-z0-9]*(?:'[a-z]+)?|[{CJK}]|[^\W_]+|[^\s]"
)
_NUMBER = re.compile(r"(?P<digits>\d[\d,]*(?:\.\d+)?)(?P<scale>[kmbw]|百万|千万|百|千|万|亿|%)?$")
_SCALES = {
    "k": 1_000, "m": 1_000_000, "b": 1_000_000_000, "w": 10_000, "百": 100, "千": 1_000,
    "万": 10_000, "百万": 1_000_000, "千万": 10_000_000, "亿": 100_000_000,
}  # fmt: skip
_WORDS = [
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
    "twenty",
]
ENGLISH_NUMBERS = {word: number for number, word in enumerate(_WORDS)} | {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "hundred": 100, "thousand": 1_000, "million": 1_000_000, "dozen": 12,
}  # fmt: skip
_IRREGULAR = {
    "people": "person", "persons": "person", "children": "child", "men": "man", "women": "woman",
    "feet": "foot", "movies": "movie", "series": "series", "species": "species", "statuses": "status",
    "bonuses": "bonus", "buses": "bus", "news": "news", "lens": "lens", "indices": "index",
    "mice": "mouse", "criteria": "criterion", "analyses": "analysis", "calories": "calorie",
    "sales": "sales", "goods": "goods", "gas": "gas", "has": "has", "was": "was", "does": "does",
    "its": "its", "this": "this", "always": "always", "yes": "yes", "ids": "id", "plus": "plus",
}  # fmt: skip
_ABBREVIATIONS = {
    "qty": "quantity", "amt": "amount", "cust": "customer", "dept": "department", "no": "number",
    "num": "number", "nbr": "number", "addr": "address", "tel": "telephone", "desc": "description",
    "emp": "employee", "prod": "product", "cat": "category", "ctry": "country", "dt": "date",
    "ts": "time", "avg": "average", "cnt": "count", "acct": "account", "inv": "invoice",
    "ord": "order", "pmt": "payment", "mgr": "manager", "org": "organization", "dob": "birthdate",
    "yr": "year", "mth": "month", "min": "min", "max": "max", "pct": "percent", "temp": "temperature",
    "pop": "population", "lang": "language", "tot": "total", "usr": "user", "stu": "student",
    "fname": "firstname", "lname": "lastname", "img": "image", "msg": "message", "txn": "transaction",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """A Latin word (lemma), a number, one Chinese character or a mark; places in the folded text."""

    text: str
    start: int
    end: int


def fold(text: str) -> str:
    """NFKC, lower case, simplified characters."""
    return simplify(unicodedata.normalize("NFKC", text).lower())


def simplify(text: str) -> str:
    return _converter().convert(text) if re.search(rf"[{CJK}]", text) else text


def units(folded: str) -> list[Unit]:
    return [Unit(lemma(found[0]), found.start(), found.end()) for found in _UNIT.finditer(folded)]


def key(text: str) -> tuple[str, ...]:
    """The units of a phrase, as words of a vocabulary are stored; marks are left out."""
    return tuple(unit.text for unit in units(fold(text)) if not is_mark(unit.text))


def is_mark(text: str) -> bool:
    return len(text) == 1 and not text.isalnum()


def name_words(identifier: str) -> str:
    """`OrderDate`, `order_date`, `ORDER-DATE` → "order date"; Chinese runs stay, set apart."""
    text = simplify(unicodedata.normalize("NFKC", identifier))
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    text = re.sub(rf"(?<=[{CJK}])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[{CJK}])", " ", text)
    words = re.sub(r"[\W_]+", " ", text).lower().split()
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words)


@lru_cache(maxsize=20_000)
def lemma(word: str) -> str:
    """The singular of an English word; anything else as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    word = word.removesuffix("'s")
    if len(word) <= 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


def number(text: str) -> int | Decimal | None:
    """3, 1,200.5, 10k, 5万, 三百二十, twelve; None for anything else. A per cent sign divides by nothing."""
    if text in ENGLISH_NUMBERS:
        return ENGLISH_NUMBERS[text]
    found = _NUMBER.fullmatch(text)
    if found:
        scale = _SCALES.get(found["scale"] or "", 1)
        return _tidy(Decimal(found["digits"].replace(",", "")) * scale)
    if text and all(character in NUMERALS for character in text):
        return _chinese(text)
    return None


def _chinese(text: str) -> int | None:
    try:
        return int(cn2an.cn2an(text.replace("〇", "零"), "smart"))
    except ValueError:
        return None


def _tidy(value: Decimal) -> int | Decimal:
    try:
        whole = int(value)
    except (InvalidOperation, OverflowError):
        return value
    return whole if whole == value else value


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
