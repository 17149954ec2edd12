"""What a source adapter is: a name, a version and three pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from taishang.generation.ir import EXCERPT_CHARACTERS, Export, Fact, Inventory, Place, SourceFile

Source = Literal["bolt", "v0", "lovable", "retool", "unknown"]


@dataclass(frozen=True)
class Marker:
    """One sign of a tool: how much it weighs and where it stands."""

    weight: int
    place: Place


@dataclass(frozen=True)
class SourceAdapter:
    """One tool's adapter. `detect` finds markers, `roots` names folders the tool puts front ends in,

    `facts` reads what no other extractor can. All three are pure: same export, same answer.
    """

    slug: str
    version: str
    source: Source
    detect: Callable[[Export], list[Marker]]
    roots: Callable[[Export], list[str]]
    facts: Callable[[Export, Inventory], list[Fact]]


def no_roots(_export: Export) -> list[str]:
    return []


def no_facts(_export: Export, _inventory: Inventory) -> list[Fact]:
    return []


def files_ending(export: Export, *endings: str) -> Iterator[SourceFile]:
    """Files whose path is or ends with one of `endings`."""
    for file in export.files:
        if any(file.path == ending or file.path.endswith("/" + ending) for ending in endings):
            yield file


def marker(file: SourceFile, weight: int, pattern: str = "") -> Marker:
    """A marker at the first line that matches `pattern`, or at the file's first line."""
    lines = (file.text or "").split("\n")
    found = next((i for i, line in enumerate(lines) if pattern and re.search(pattern, line)), 0)
    excerpt = lines[found].strip()[:EXCERPT_CHARACTERS].strip()
    place = Place(file=file.path, line=found + 1, end_line=found + 1, kind="other", excerpt=excerpt)
    return Marker(weight, place)


def matching(export: Export, pattern: str, weight: int, *endings: str) -> list[Marker]:
    """One marker for the first of the named files that matches `pattern`."""
    for file in files_ending(export, *endings):
        if file.text and re.search(pattern, file.text):
            return [marker(file, weight, pattern)]
    return []


def package_named(export: Export, weight: int, *names: str) -> list[Marker]:
    """One marker when a `package.json` carries one of the tool's starter names."""
    for file in files_ending(export, "package.json"):
        try:
            package = json.loads(file.text or "")
        except (ValueError, RecursionError):
            continue
        if isinstance(package, dict) and package.get("name") in names:
            return [marker(file, weight, r'"name"\s*:')]
    return []


def present(export: Export, weight: int, *endings: str) -> list[Marker]:
    """One marker when one of the named files is there."""
    file = next(files_ending(export, *endings), None)
    return [marker(file, weight)] if file is not None else []
