"""Turn mock rows into seed rows: nested rows move to their own entity, ids stay as they are."""

from __future__ import annotations

from typing import Any

from taishang.generation.building.drafts import Drafts, EntityDraft
from taishang.generation.building.operations import evidence
from taishang.generation.building.words import snake
from taishang.generation.ir import MAX_SEED_ROWS, EntitySpec, Fact, MockValue, RelationSpec, SeedSet

MAX_DEPTH = 4


class Rows:
    """Seed rows by entity, in the order of their mocks, the same row once."""

    def __init__(self, entities: list[EntitySpec]) -> None:
        self._entities = {entity.name: entity for entity in entities}
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._facts: dict[str, list[Fact]] = {}

    def take(self, name: str, row: dict[str, Any], fact: Fact) -> None:
        """Keep `row` and the rows nested in it; cut at `MAX_DEPTH` levels."""
        todo = [(name, row, 0)]
        while todo:
            entity_name, found, depth = todo.pop(0)
            entity = self._entities.get(entity_name)
            if entity is None or depth > MAX_DEPTH:
                continue
            kept, nested = _split(found, entity)
            self._keep(entity, kept, fact)
            todo += [(target, inner, depth + 1) for target, inner in nested]

    def _keep(self, entity: EntitySpec, row: dict[str, Any], fact: Fact) -> None:
        rows = self._rows.setdefault(entity.name, [])
        key = row.get(entity.id_wire_name)
        known = any(key is not None and other.get(entity.id_wire_name) == key for other in rows)
        if row and not known and row not in rows:
            rows.append(row)
        facts = self._facts.setdefault(entity.name, [])
        if fact not in facts:
            facts.append(fact)

    def seed_sets(self) -> list[SeedSet]:
        return [
            SeedSet(
                key=f"seed:{snake(name)}",
                confidence=max(fact.confidence for fact in self._facts[name]),
                evidence=evidence(self._facts[name]),
                entity=name,
                rows=self._rows[name][:MAX_SEED_ROWS],
            )
            for name in sorted(self._rows)
            if self._rows[name]
        ]


def _split(
    row: dict[str, Any], entity: EntitySpec
) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """The row with ids in place of nested rows, and those rows with the name of their entity."""
    relations = {relation.wire_name: relation for relation in entity.relations}
    known = {field.wire_name for field in entity.fields} | {entity.id_wire_name} | set(relations)
    kept: dict[str, Any] = {}
    nested: list[tuple[str, dict[str, Any]]] = []
    for key, value in row.items():
        relation = relations.get(key)
        if key not in known:
            continue
        if relation is None:
            kept[key] = value
        else:
            kept[key], inner = _reference(value, relation)
            nested += inner
    return kept, nested


def _reference(value: Any, relation: RelationSpec) -> tuple[Any, list[tuple[str, dict[str, Any]]]]:
    if isinstance(value, dict):
        return _id_of(value), [(relation.target, value)]
    if isinstance(value, list):
        inner = [(relation.target, item) for item in value if isinstance(item, dict)]
        return [_id_of(item) if isinstance(item, dict) else item for item in value], inner
    return value, []


def _id_of(row: dict[str, Any]) -> Any:
    return next((row[key] for key in ("id", "_id", "uuid") if key in row), None)


def seed_sets(entities: list[EntitySpec], drafts: Drafts) -> list[SeedSet]:
    rows = Rows(entities)
    for entity in entities:
        draft = drafts.named(entity.name)
        for fact in draft.mocks if draft is not None else []:
            if isinstance(fact.value, MockValue):
                for row in fact.value.rows[:MAX_SEED_ROWS]:
                    rows.take(entity.name, row, fact)
    return rows.seed_sets()


def mock_count(draft: EntityDraft) -> int:
    return len(draft.rows)
