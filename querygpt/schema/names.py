"""Names of tables and columns as words: `orderItems`, `order_items` and `ORDER ITEMS` are the same two."""

from __future__ import annotations

import re
from functools import lru_cache

from laojun import textindex

_humps = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_words = re.compile(r"[a-z]+|\d+")
# What people shorten in names of columns.
SHORT = {
    "qty": "quantity",
    "amt": "amount",
    "cust": "customer",
    "dept": "department",
    "emp": "employee",
    "prod": "product",
    "cat": "category",
    "desc": "description",
    "addr": "address",
    "acct": "account",
    "inv": "invoice",
    "num": "number",
    "no": "number",
    "cnt": "count",
    "pct": "percent",
    "org": "organization",
    "mgr": "manager",
    "whse": "warehouse",
    "wh": "warehouse",
    "txn": "transaction",
    "trx": "transaction",
    "msg": "message",
    "usr": "user",
    "avg": "average",
    "src": "source",
    "dst": "destination",
    "tel": "telephone",
    "img": "image",
    "doc": "document",
}


def words_of(name: str) -> list[str]:
    """The Latin words and numbers of a name, lower case, in order."""
    return _words.findall(_humps.sub(" ", name).lower())


@lru_cache(maxsize=65_536)
def singular(word: str) -> str:
    """An English word without its plural ending; a guess that both sides of a comparison make alike."""
    if len(word) <= 3 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def terms_of(text: str) -> list[str]:
    """What a text is compared by: singular words with short forms written out, pairs of Han characters."""
    found: dict[str, None] = {}
    for term in textindex.terms(_humps.sub(" ", text.replace("_", " "))):
        if term.isascii():
            for word in _words.findall(term):
                base = singular(word)
                found[base] = None
                if base in SHORT:
                    found[SHORT[base]] = None
        else:
            found[term] = None
    return list(found)
