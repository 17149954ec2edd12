"""Which language a reader gets: tags as people, browsers and the database write them, and Django's codes.

The database and the API say `zh-CN`, Django `zh-hans`, HTML `zh-Hans`; handing one to another falls back silently.
"""

import re
from collections.abc import Iterator

from django.conf import settings

TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
QUALITY = re.compile(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)
MAX_HEADER_CHARACTERS = 1000
# Primary subtag → Django's code. Every Chinese is written in simplified characters for now.
CODES = {"zh": "zh-hans", "cmn": "zh-hans", "en": "en"}
STORED = {"zh-hans": "zh-CN", "en": "en"}
WRITTEN = {"zh-hans": "zh-Hans", "en": "en"}


def choose(*, setting: str | None, cookie: str | None, header: str) -> str:
    """Django's code for a reader: the person's setting, this browser's choice, its wish, Chinese."""
    for wish in (setting, cookie):
        if wish and (code := code_of(wish)):
            return code
    return next(wishes(header), settings.LANGUAGE_CODE)


def code_of(tag: str) -> str | None:
    """Django's code of a language tag (BCP 47), or None for a language that we do not speak."""
    tag = tag.strip()
    return CODES.get(tag.partition("-")[0].lower()) if TAG.fullmatch(tag) else None


def wishes(header: str) -> Iterator[str]:
    """The codes an `Accept-Language` header (RFC 9110) asks for, the dearest first; what it excludes is left out."""
    ranked = []
    for place, part in enumerate(header[:MAX_HEADER_CHARACTERS].split(",")):
        tag, _sign, parameter = part.partition(";")
        quality = QUALITY.fullmatch(parameter) if parameter else None
        if parameter and quality is None:
            continue
        code = settings.LANGUAGE_CODE if tag.strip() == "*" else code_of(tag)
        weight = float(quality.group(1)) if quality else 1.0
        if code and weight > 0:
            ranked.append((-weight, place, code))
    return (code for _weight, _place, code in sorted(ranked))
