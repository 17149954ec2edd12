"""Collect the facts of an export: every extractor over one project, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable

from taishang.generation.evidence import (
    auth,
    calls,
    forms,
    mocks,
    others,
    prisma,
    schemas,
    sqlschemas,
    stores,
    supabase,
)
from taishang.generation.evidence.modules import Project
from taishang.generation.ir import CallValue, Export, Fact, Inventory, OtherValue

Extractor = Callable[[Project], list[Fact]]
Source = Callable[[Export, Inventory], list[Fact]]
Progress = Callable[[int, int], None]

EXTRACTORS: list[Extractor] = [
    calls.extract,
    schemas.extract,
    sqlschemas.extract,
    prisma.extract,
    supabase.extract,
    forms.extract,
    mocks.extract,
    stores.extract,
    auth.extract,
    others.extract,
]


def collect(
    *,
    export: Export,
    inventory: Inventory,
    sources: list[Source] | None = None,
    progress: Progress | None = None,
) -> list[Fact]:
    """Run every extractor and every source adapter's own reading; sorted by file, line and kind.

    `progress` is told (steps done, steps in all) after each step. Warnings of files that could not be
    parsed stand in `inventory.warnings` afterwards.
    """
    project = Project(export, inventory)
    inventory.warnings.extend(project.warnings)
    facts: list[Fact] = []
    steps = len(EXTRACTORS) + len(sources or [])
    done = 0
    for extract in EXTRACTORS:
        facts += extract(project)
        done += 1
        if progress:
            progress(done, steps)
    for source in sources or []:
        facts += source(export, inventory)
        done += 1
        if progress:
            progress(done, steps)
    return sorted(_without_answered_actions(facts), key=_order)


def _without_answered_actions(facts: list[Fact]) -> list[Fact]:
    """Server actions that only pass a request on are known by that request."""
    calls: dict[str, list[int]] = {}
    for fact in facts:
        if isinstance(fact.value, CallValue):
            calls.setdefault(fact.place.file, []).append(fact.place.line)
    return [
        fact
        for fact in facts
        if not (isinstance(fact.value, OtherValue) and fact.value.what == "server_action")
        or not any(
            fact.place.line <= line <= fact.place.end_line
            for line in calls.get(fact.place.file, [])
        )
    ]


def _order(fact: Fact) -> tuple[str, int, str, str]:
    place = fact.place
    return place.file, place.line, place.kind, fact.model_dump_json()
