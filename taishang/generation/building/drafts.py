"""Entities while they are being put together: every sighting of a field stays until its type is decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from taishang.generation.building.words import entity_name, match_key, relation_stem, words
from taishang.generation.ir import Fact, MockValue, Place, Shape, ShapeField

Way = Literal["declared", "sent", "changed", "read", "row", "form", "stated"]
USER_WORDS = frozenset(
    {"user", "appuser", "authuser", "currentuser", "userprofile", "loggedinuser"}
)
OWNER_WORDS = (
    "user",
    "owner",
    "author",
    "creator",
    "created_by",
    "posted_by",
    "uploaded_by",
    "submitted_by",
)


@dataclass
class Sighting:
    """One fact's view of one field. `way` tells how the front end showed it."""

    shape: Shape
    fact: Fact
    way: Way
    optional: bool = False
    null: bool = False
    default: Any = None
    file: str | None = None
    line: int | None = None
    excerpt: str | None = None

    @property
    def place(self) -> Place:
        """The field's own line where it is known, else the place of the fact."""
        place = self.fact.place
        if self.line is None or not self.excerpt:
            return place
        return place.model_copy(
            update={
                "file": self.file or place.file,
                "line": self.line,
                "end_line": self.line,
                "excerpt": self.excerpt,
            }
        )


@dataclass
class EntityDraft:
    """A thing found so far. `uses` holds what the front end does with it: list, create, update, delete.

    `created_below` holds the parents in the paths by which it is created, None for a path without one;
    `created_with` the stems of what each creating call is known to send, in its path or its body.
    """

    name: str
    wire_name: str
    facts: list[Fact] = field(default_factory=list)
    type_names: list[str] = field(default_factory=list)
    sightings: dict[str, list[Sighting]] = field(default_factory=dict)
    uses: set[str] = field(default_factory=set)
    parents: list[str] = field(default_factory=list)
    created_below: set[str | None] = field(default_factory=set)
    created_with: list[set[str]] = field(default_factory=list)
    mocks: list[Fact] = field(default_factory=list)
    addressed: bool = False

    def sight(self, wire_name: str, seen: ShapeField, fact: Fact, way: Way) -> None:
        self.sightings.setdefault(wire_name, []).append(
            Sighting(
                shape=seen.shape,
                fact=fact,
                way=way,
                optional=seen.optional,
                null=seen.null,
                default=seen.default,
                file=seen.file,
                line=seen.line,
                excerpt=seen.excerpt,
            )
        )

    def may_lack(self, wire: str) -> bool:
        """Whether a call creates it without the field `wire`."""
        return any(relation_stem(wire) not in sent for sent in self.created_with)

    def note(self, fact: Fact) -> None:
        if fact not in self.facts:
            self.facts.append(fact)

    def is_called(self, name: str) -> bool:
        """Whether `name` is this thing's own, as in the key of its list."""
        return match_key(name) in (match_key(self.name), match_key(self.wire_name))

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            row
            for fact in self.mocks
            if isinstance(fact.value, MockValue)
            for row in fact.value.rows
        ]


class Drafts:
    """All entities found so far, looked up by any of their names."""

    def __init__(self) -> None:
        self._entities: dict[str, EntityDraft] = {}
        self._aliases: dict[str, str] = {}
        self.merges: list[tuple[str, str, Fact]] = []

    def __iter__(self) -> Iterator[EntityDraft]:
        return iter([self._entities[name] for name in sorted(self._entities)])

    def __len__(self) -> int:
        return len(self._entities)

    def add(self, name: str, *, fact: Fact, type_name: str | None = None) -> EntityDraft:
        """The entity for `name`, made when it is new; its declared type becomes known by `type_name`."""
        draft = self.find(name)
        if draft is None:
            chosen = entity_name(name, taken=self._entities)
            wire = "_".join(words(name)) or chosen.lower()
            draft = self._entities[chosen] = EntityDraft(name=chosen, wire_name=wire)
            self.alias(name, draft)
            self.alias(chosen, draft)
        draft.note(fact)
        if type_name is not None:
            self.type(type_name, draft)
        return draft

    def type(self, type_name: str, draft: EntityDraft) -> None:
        self.alias(type_name, draft)
        if type_name not in draft.type_names:
            draft.type_names.append(type_name)

    def alias(self, name: str, draft: EntityDraft) -> None:
        self._aliases.setdefault(match_key(name), draft.name)

    def find(self, name: str | None) -> EntityDraft | None:
        found = self._aliases.get(match_key(name or ""))
        return self._entities[found] if found is not None else None

    def drop(self, name: str) -> None:
        self._entities.pop(name, None)
        self._aliases = {key: kept for key, kept in self._aliases.items() if kept != name}

    def wire_of(self, subject: str) -> str | None:
        """The wire name of the thing that `subject` means; `cart` means `CartItem` where no cart is known."""
        found = self.find(subject) or self.find(f"{subject}_item")
        return found.wire_name if found is not None else None

    def named(self, name: str) -> EntityDraft | None:
        return self._entities.get(name)

    def is_user(self, name: str | None) -> bool:
        """Whether `name` means the signed-in person and not a thing that the export keeps."""
        return match_key(name or "") in USER_WORDS
