"""Read a folder of fixtures as an export, from the files to the blueprint."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from taishang.generation.building import build
from taishang.generation.evidence.collecting import collect
from taishang.generation.evidence.modules import Project
from taishang.generation.inventory import inspect
from taishang.generation.ir import Blueprint, Export, Fact, Inventory, SourceFile

FIXTURES = Path(__file__).parent / "fixtures"


def export_of(files: dict[str, str]) -> Export:
    return Export(
        files=[
            SourceFile(
                path=path,
                size=len(text.encode()),
                sha256=hashlib.sha256(text.encode()).hexdigest(),
                text=text,
            )
            for path, text in sorted(files.items())
        ]
    )


def fixture(name: str) -> dict[str, str]:
    folder = FIXTURES / name
    found = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.name != "truth.json"
    )
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def truth(name: str) -> dict[str, Any]:
    return json.loads((FIXTURES / name / "truth.json").read_text())


def facts_of(files: dict[str, str]) -> tuple[Inventory, list[Fact]]:
    export = export_of(files)
    inventory = inspect(export=export)
    return inventory, collect(export=export, inventory=inventory)


def blueprint_of(files: dict[str, str]) -> Blueprint:
    inventory, facts = facts_of(files)
    return build(inventory=inventory, facts=facts, name="fixture")


def project_of(files: dict[str, str]) -> Project:
    """A project for one extractor alone, without an inventory of its own."""
    return Project(export_of(files), Inventory(source="unknown", aliases={"@/": ["src"]}))
