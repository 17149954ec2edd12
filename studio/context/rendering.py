"""Pieces as the messages a model gets: material between delimiters, what is asked of it last."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from studio.context.parts import Piece

AGENT = "agent"
WISH = "wish"
# Where the passage stands, in the order of the story.
TEXT_PLACES = {"text:before": 0, "text:selection": 1, "text:after": 2}
_mark = re.compile(r"<(?=/?data)", re.IGNORECASE)
_unfit = re.compile(r"[\x00-\x1f<>\"&]+")
Message = dict[str, str]


def messages(pieces: Iterable[Piece], *, has_system: bool = True) -> list[Message]:
    """The system's words, the conversation so far, then material and wish as the last message."""
    listed = list(pieces)
    agent = "\n\n".join(one.text for one in listed if one.key == AGENT)
    wish = "\n\n".join(one.text for one in listed if one.key == WISH)
    talk = [one for one in listed if one.role]
    blocks = [_block(one) for one in _in_order(listed)]
    last = "\n\n".join([*blocks, wish])
    said = [{"role": one.role, "content": one.text} for one in talk]
    if has_system:
        return [{"role": "system", "content": agent}, *said, {"role": "user", "content": last}]
    return [*said, {"role": "user", "content": f"{agent}\n\n{last}"}]


def sealed(value: Mapping[str, Any]) -> str:
    """The hash of what would be sent: equal values have equal hashes."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def delimited(text: str) -> str:
    """Material that cannot close its own delimiter."""
    return _mark.sub("‹", text)


def _in_order(pieces: Sequence[Piece]) -> list[Piece]:
    """Material from the general to the particular: the passage itself comes last."""
    material = [one for one in pieces if not one.role and one.key not in {AGENT, WISH}]
    around = [one for one in material if one.group != "text"]
    passage = [one for one in material if one.group == "text"]
    return [*around, *sorted(passage, key=lambda one: (TEXT_PLACES.get(one.key, 3), one.place))]


def _block(piece: Piece) -> str:
    kind = piece.key.partition(":")[0] if piece.group != "text" else piece.key.replace(":", " ")
    title = " ".join(_unfit.sub(" ", piece.title).split())
    return f'<data kind="{kind}" title="{title}">\n{delimited(piece.text)}\n</data>'
