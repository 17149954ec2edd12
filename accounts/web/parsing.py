"""JSON in and out by orjson, behind guards: what cannot be stored or would hurt never reaches a view."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import IO, Any

import orjson
from django.utils.encoding import force_str
from django.utils.functional import Promise
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from accounts.web.problems import Refused

MAX_JSON_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_VALUES = 10_000


class JsonParser(BaseParser):
    """The body as plain values. A view may allow more bytes by its attribute `max_json_bytes`, more values by `max_json_values`."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        context = parser_context or {}
        limit = getattr(context.get("view"), "max_json_bytes", MAX_JSON_BYTES)
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise Refused("body_too_large", members={"max_bytes": limit})
        if "request" in context:
            context["request"].raw_body = raw
        return load(raw, most=getattr(context.get("view"), "max_json_values", MAX_VALUES))


def load(raw: bytes, *, most: int = MAX_VALUES) -> Any:
    """Parse and check JSON of at most `most` values. Raises ParseError and Refused."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ParseError from error
    check(value, most=most)
    return value


def check(value: Any, *, most: int = MAX_VALUES) -> None:
    """Refuse structures that are too deep or too many, and text that PostgreSQL cannot hold."""
    count = 0
    open_levels = [iter((value,))]
    while open_levels:
        item = next(open_levels[-1], open_levels)
        if item is open_levels:
            open_levels.pop()
            continue
        count += 1
        if count > most or len(open_levels) > MAX_DEPTH:
            raise Refused("body_too_deep")
        if isinstance(item, str):
            check_text(item)
        elif isinstance(item, (dict, list)):
            open_levels.append(_children(item))


def _children(item: dict[str, Any] | list[Any]) -> Iterator[Any]:
    if isinstance(item, list):
        return iter(item)
    for key in item:
        check_text(key)
    return iter(item.values())


def check_text(text: str) -> None:
    """Refuse NUL and unpaired surrogates. Raises Refused(`invalid_characters`)."""
    if "\x00" in text or not _encodable(text):
        raise Refused("invalid_characters")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class JsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else dump(data)


def dump(data: Any) -> bytes:
    return orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _plain(value: object) -> Any:
    if isinstance(value, (Decimal, Promise)):
        return force_str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(type(value).__name__)
