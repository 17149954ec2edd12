"""Build exports for tests: fixture folders packed as a person's tool would pack them."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from taishang.generation.evidence.collecting import collect
from taishang.generation.intake import Received, read_export
from taishang.generation.inventory import inspect
from taishang.generation.ir import CallValue, Export, Fact, Inventory, OtherValue, SourceFile

FIXTURES = Path(__file__).parent / "fixtures"


def pack(folder: Path, target: Path) -> Path:
    """Pack a fixture folder, its truth aside."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != "truth.json":
                archive.write(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
    return target


def take_in(archive: Path, directory: Path) -> Received:
    directory.mkdir(exist_ok=True)
    return read_export(archive=archive, directory=directory)


def facts_of(files: dict[str, str]) -> list[Fact]:
    """Facts of an export given as path → text."""
    return collected(export_of(files))[1]


def export_of(files: dict[str, str]) -> Export:
    sources = [
        SourceFile(path=path, size=len(text), sha256="0" * 64, text=text)
        for path, text in sorted(files.items())
    ]
    return Export(files=sources)


def collected(export: Export) -> tuple[Inventory, list[Fact]]:
    inventory = inspect(export=export)
    return inventory, collect(export=export, inventory=inventory)


def truth(name: str) -> dict:
    return json.loads((FIXTURES / name / "truth.json").read_text())


def endpoints(facts: list[Fact]) -> set[tuple[str, str]]:
    """(method, path with anonymous holes) of every own call."""
    return {
        (fact.value.method, anonymous(fact.value.path))
        for fact in facts
        if isinstance(fact.value, CallValue) and fact.value.external_host is None
    }


def anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def externals(facts: list[Fact]) -> set[str]:
    found = {f.value.external_host for f in facts if isinstance(f.value, CallValue)}
    return {host for host in found if host}


def unresolved(facts: list[Fact]) -> list[OtherValue]:
    others = [fact.value for fact in facts if isinstance(fact.value, OtherValue)]
    return [other for other in others if other.what == "unresolved_call"]
