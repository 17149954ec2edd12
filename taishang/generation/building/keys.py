"""Decide how an entity's rows are identified on the wire and in storage."""

from __future__ import annotations

import re
from typing import Literal

from taishang.generation.building.catalogue import ID_NAMES, Catalogue
from taishang.generation.building.drafts import EntityDraft, Sighting
from taishang.generation.building.words import match_key, words
from taishang.generation.ir import SchemaValue, Shape

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
IdType = Literal["bigint", "uuid", "text"]


def key_of(draft: EntityDraft, catalogue: Catalogue) -> tuple[str, IdType, bool]:
    """(wire name, storage type, whether the wire shows it as a string) of the key of `draft`."""
    wire = key_name(draft)
    seen = draft.sightings.get(wire, [])
    shapes = [catalogue.resolve(each.shape) for each in seen]
    samples = [each.shape.sample for each in seen if each.shape.sample is not None]
    samples += [row[wire] for row in draft.rows[:200] if row.get(wire) is not None]
    texts = [sample for sample in samples if isinstance(sample, str)]
    if any(shape.type == "uuid" for shape in shapes) or (texts and all(map(_is_uuid, texts))):
        return wire, "uuid", True
    if texts:
        return wire, ("bigint" if all(map(_is_whole, texts)) else "text"), True
    if samples:
        return wire, "bigint", False
    return _declared(wire, shapes, seen)


def _declared(wire: str, shapes: list[Shape], seen: list[Sighting]) -> tuple[str, IdType, bool]:
    kinds = {shape.type for shape in shapes} - {"unknown"}
    if "text" in kinds and not kinds & {"integer", "float", "big_integer"}:
        return wire, "uuid", True
    if kinds or not seen:
        return wire, "bigint", False
    return (wire, "uuid", True) if wire in ("uuid", "_id") else (wire, "bigint", False)


def key_name(draft: EntityDraft) -> str:
    for name in ID_NAMES:
        if name in draft.sightings:
            return name
    own = {match_key(draft.name), match_key(draft.wire_name)}
    for wire in draft.sightings:
        parts = words(wire)
        if len(parts) > 1 and parts[-1] == "id" and match_key("_".join(parts[:-1])) in own:
            return wire
    for fact in draft.facts:
        value = fact.value
        if isinstance(value, SchemaValue) and len(value.primary_key) == 1 and not value.references:
            return value.primary_key[0]
    return "id"


def _is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18 and (text == "0" or text[0] != "0")
