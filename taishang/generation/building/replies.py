"""Bring what the screens read of a reply and the reply's declared type to one wire shape."""

from __future__ import annotations

from taishang.generation.building.catalogue import ENVELOPE_COMPANIONS, LIST_KEYS, Catalogue
from taishang.generation.building.words import words
from taishang.generation.ir import Reads

_ENVELOPES = ("data", "result", "payload", "response", "body")


def settled_reads(reads: Reads, catalogue: Catalogue) -> Reads:
    """`reads` with the envelope and the place of the list filled in where the declared type tells them.

    A client often unwraps `{data: …}` before the screens see it: then only `data` itself is read by name, and
    the type says what lies inside.
    """
    thing, many = catalogue.thing_in(reads.type_name)
    envelope = reads.envelope or _envelope(reads, catalogue)
    list_at = reads.list_at
    if list_at is None and many and thing is not None:
        inner = _list_key(reads.type_name or "", catalogue)
        list_at = ".".join(part for part in (envelope, inner) if part)
    return reads.model_copy(update={"envelope": envelope, "list_at": list_at})


def _envelope(reads: Reads, catalogue: Catalogue) -> str | None:
    """The key that holds the whole reply, when everything else that is read beside it is about the transport."""
    if reads.list_at is not None and "." not in reads.list_at:
        return None
    tops = {key.split(".")[0].removesuffix("[]") for key in reads.keys}
    found = next((key for key in _ENVELOPES if key in tops), None)
    if found is None or reads.type_name is None:
        return None
    thing, _ = catalogue.thing_in(reads.type_name)
    schema = catalogue.schema(thing) if thing is not None else None
    if schema is None or found in schema.shape.fields:
        return None
    others = tops - {found} - set(schema.shape.fields)
    return found if all(set(words(key)) <= ENVELOPE_COMPANIONS for key in others) else None


def _list_key(type_name: str, catalogue: Catalogue) -> str:
    """The key under which an envelope type keeps its list; "" for a bare list."""
    schema = catalogue.schema(type_name.strip())
    fields = catalogue.resolve(schema.shape).fields if schema is not None else {}
    for key in [*LIST_KEYS, *fields]:
        if key in fields and catalogue.resolve(fields[key].shape).type == "array":
            return key
    return ""
