"""Bring what the screens read of a reply and the reply's declared type to one wire shape."""

from __future__ import annotations

import re

from taishang.generation.building.catalogue import ENVELOPE_COMPANIONS, LIST_KEYS, Catalogue
from taishang.generation.building.words import words
from taishang.generation.ir import Reads

_INLINE_LIST = re.compile(r"\b([A-Za-z_]\w{0,60})\??:\s{0,4}(?:Array<|[A-Za-z_]\w{0,60}\[\])")
_ENVELOPES = ("data", "result", "payload", "response", "body")


def settled_reads(reads: Reads, catalogue: Catalogue, *, lists: bool) -> Reads:
    """`reads` with the envelope and the place of the list filled in where the declared type tells them.

    A client often unwraps `{data: …}` before the screens see it: then only `data` itself is read by name, and
    the type says what lies inside. `lists` tells whether the call may answer with a list at all: a GET that
    addresses no single row.
    """
    thing, many = catalogue.thing_in(reads.type_name)
    envelope = (
        reads.envelope
        or _envelope(reads, catalogue)
        or (_only_holder(reads) if thing is None else None)
    )
    list_at = reads.list_at
    if list_at is None and lists and thing is None:
        list_at = _only_list(reads)
        envelope = envelope if list_at is None else None
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


def _only_list(reads: Reads) -> str | None:
    """The one list that is read of a reply beside counts and messages, or that its inline type has."""
    declared = _INLINE_LIST.findall((reads.type_name or "")[:2_000])
    tops = [key.split(".")[0] for key in reads.keys]
    read = {top.removesuffix("[]") for top in tops if top.endswith("[]")}
    found = read or {name for name in declared if name in tops}
    others = {top.removesuffix("[]") for top in tops} - found
    beside = [other for other in others if not set(words(other)) <= ENVELOPE_COMPANIONS | {"open"}]
    return found.pop() if len(found) == 1 and len(beside) <= 1 and "" not in found else None


def _only_holder(reads: Reads) -> str | None:
    """The one key inside which everything is read: `{ticket: {id, status}}`, or a bare `data`."""
    tops = {key.split(".")[0] for key in reads.keys}
    holders = {
        top for top in tops if not set(words(top)) <= ENVELOPE_COMPANIONS or top in _ENVELOPES
    }
    if len(holders) != 1 or reads.list_at is not None:
        return None
    holder = holders.pop()
    inner = [key for key in reads.keys if key.startswith(f"{holder}.")]
    if holder in _ENVELOPES and not inner and reads.type_name is None:
        return holder
    return holder if len(inner) > 1 and not holder.endswith("[]") else None


def _list_key(type_name: str, catalogue: Catalogue) -> str:
    """The key under which an envelope type keeps its list; "" for a bare list."""
    schema = catalogue.schema(type_name.strip())
    fields = catalogue.resolve(schema.shape).fields if schema is not None else {}
    for key in [*LIST_KEYS, *fields]:
        if key in fields and catalogue.resolve(fields[key].shape).type == "array":
            return key
    return ""
