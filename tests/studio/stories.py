"""Works and what stands beside their text, each with only what it needs. Call them inside the workspace they belong to."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts import tenancy
from studio.models import (
    Chapter,
    Character,
    CharacterRelation,
    Collaborator,
    Comment,
    Scene,
    Tag,
    Work,
    WorldEntry,
)
from tests.factories import Person


def inside(person: Person):
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


def work(person: Person, title: str = "石头记", **changes: Any) -> Work:
    made = Work.objects.create(workspace=person.workspace, user=person.user, title=title, **changes)
    partner(made, person, role="owner")
    return made


def partner(of: Work, person: Person, role: str = "editor", **permissions: Any) -> Collaborator:
    return Collaborator.objects.create(
        workspace_id=of.workspace_id,
        work=of,
        user=person.user,
        role=role,
        permissions=permissions,
        accepted_at=timezone.now(),
    )


def chapter(of: Work, number: int, text: str = "", **changes: Any) -> Chapter:
    return Chapter.objects.create(
        workspace_id=of.workspace_id,
        work=of,
        title=changes.pop("title", f"第{number}回"),
        content=text,
        order_index=f"a{number:04}",
        saved_at=timezone.now(),
        **changes,
    )


def rewrite(row: Chapter, text: str) -> Chapter:
    """Another text as a save leaves it: one revision on."""
    Chapter.objects.filter(pk=row.pk).update(content=text, revision=row.revision + 1)
    row.refresh_from_db()
    return row


def character(of: Work, name: str, *aliases: str, **changes: Any) -> Character:
    return Character.objects.create(
        workspace_id=of.workspace_id, work=of, name=name, aliases=list(aliases), **changes
    )


def relation(one: Character, other: Character, kind: str = "friend") -> CharacterRelation:
    first, second = sorted((one, other), key=lambda row: row.pk)
    return CharacterRelation.objects.create(
        workspace_id=one.workspace_id,
        work_id=one.work_id,
        from_character=first,
        to_character=second,
        kind=kind,
    )


def scene(of: Work, title: str = "葬花", **changes: Any) -> Scene:
    return Scene.objects.create(workspace_id=of.workspace_id, work=of, title=title, **changes)


def entry(of: Work, title: str, parent: WorldEntry | None = None, **changes: Any) -> WorldEntry:
    depth = 0 if parent is None else parent.depth + 1
    return WorldEntry.objects.create(
        workspace_id=of.workspace_id, work=of, title=title, parent=parent, depth=depth, **changes
    )


def tag(of: Work, name: str, **changes: Any) -> Tag:
    return Tag.objects.create(workspace_id=of.workspace_id, work=of, name=name, **changes)


def comment(of: Chapter, person: Person, body: str = "好", **changes: Any) -> Comment:
    return Comment.objects.create(
        workspace_id=of.workspace_id,
        work_id=of.work_id,
        chapter=of,
        author=person.user,
        author_name=str(person.user),
        body=body,
        **changes,
    )
