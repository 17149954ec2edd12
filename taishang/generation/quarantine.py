"""Take out of a Blueprint what the checks blame, and say so in its place."""

from __future__ import annotations

import re

from taishang.generation.ir import (
    Blueprint,
    EndpointSpec,
    EntitySpec,
    Evidence,
    Origins,
    Unresolved,
    Verification,
)

MOST_ITEMS = 50
MOST_CHARACTERS = 300
MODULE = re.compile(r"[\w/]+\.py")


def blamed(*, verification: Verification, origins: Origins) -> dict[str, str]:
    """Item keys that red checks point at, each with the check's own words. Empty = nobody to blame."""
    found: dict[str, str] = {}
    for row in verification.checks:
        if row.state == "fail":
            for key in row.items:
                found.setdefault(key, _short(f"{row.name}: {row.log}"))
    for test in verification.tests:
        covered = _covered(test.name, origins) if test.result == "fail" else None
        if covered:
            found.setdefault(covered, _short(f"tests: {test.name.rsplit('.', 1)[-1]}"))
    return dict(sorted(found.items())[:MOST_ITEMS])


def blamed_by_log(*, log: str, origins: Origins) -> dict[str, str]:
    """The item whose own module stands last in a traceback, for projects that do not even start."""
    for path in reversed(MODULE.findall(log[-20_000:])):
        for known, origin in origins.files.items():
            own = len(origin.items) > 0 and origin.rule in (
                "models",
                "serializers",
                "filters",
                "views",
            )
            if own and path.endswith("/" + known):
                entities = [key for key in origin.items if key.startswith("entity:")]
                keys = entities or (origin.items if len(origin.items) == 1 else [])
                if keys:
                    return {keys[0]: _short(log.strip().rsplit("\n", 1)[-1])}
    return {}


def quarantine(*, blueprint: Blueprint, blame: dict[str, str]) -> Blueprint:
    """A Blueprint without the blamed items, which move to `unresolved` with the check's message."""
    endpoints = [each for each in blueprint.endpoints if each.key not in blame]
    entities = [each for each in blueprint.entities if each.key not in blame]
    names = {each.name for each in entities}
    lost = {each.name for each in blueprint.entities} - names
    moved: list[EndpointSpec | EntitySpec] = []
    moved += [each for each in blueprint.entities if each.key in blame]
    moved += [each for each in blueprint.endpoints if each.key in blame]
    reasons = dict(blame)
    for each in endpoints:
        if each.entity in lost:
            moved.append(each)
            reasons[each.key] = f"its entity {each.entity} was set aside"
    return blueprint.model_copy(
        update={
            "entities": [_without_targets(each, lost) for each in entities],
            "endpoints": [each for each in endpoints if each.entity not in lost],
            "seeds": [each for each in blueprint.seeds if each.entity not in lost],
            "unresolved": [*blueprint.unresolved, *(_unresolved(each, reasons) for each in moved)],
        }
    )


def _without_targets(entity: EntitySpec, lost: set[str]) -> EntitySpec:
    kept = [each for each in entity.relations if each.target not in lost]
    return (
        entity
        if len(kept) == len(entity.relations)
        else entity.model_copy(update={"relations": kept})
    )


def _unresolved(item: EndpointSpec | EntitySpec, reasons: dict[str, str]) -> Unresolved:
    evidence = Evidence(places=item.evidence.places, rule=item.evidence.rule)
    return Unresolved(
        key=f"unresolved:{item.key}", what=item.key, why=reasons[item.key], evidence=evidence
    )


def _covered(name: str, origins: Origins) -> str | None:
    fitting = [prefix for prefix in origins.tests if name.startswith(prefix)]
    return origins.tests[max(fitting, key=len)] if fitting else None


def _short(text: str) -> str:
    return " ".join(text.split())[:MOST_CHARACTERS]
