"""Rows of studio, each with only what it needs. Call them inside the workspace they belong to."""

from typing import Any

from accounts.authentication import Principal
from accounts.ids import uuid7
from studio import drafting, ordering, works
from studio.models import Chapter, Collaborator, Volume, Work
from tests.factories import Person


def principal(person: Person) -> Principal:
    """The person as a request in their workspace names them."""
    owns = person.workspace.owner_id == person.user.id
    return Principal("session", person.user, workspace_id=person.workspace.id, is_owner=owns)


def work(person: Person, title: str = "夜航船", **told: Any) -> Work:
    return works.create(principal=principal(person), title=title, **told)


def volume(of: Work, person: Person, title: str = "卷") -> Volume:
    return ordering.add_volume(work=of, principal=principal(person), title=title)


def chapter(of: Work, person: Person, text: str = "", title: str = "", **place: Any) -> Chapter:
    return ordering.add_chapter(
        work=of,
        principal=principal(person),
        title=title,
        text=text,
        place=ordering.Place(**place),
    )


def collaborator(
    of: Work, person: Person, role: str = "editor", **permissions: Any
) -> Collaborator:
    return Collaborator.objects.create(
        workspace_id=of.workspace_id,
        work=of,
        user=person.user,
        role=role,
        permissions=permissions,
        accepted_at=of.created_at,
    )


def save(of: Chapter, person: Person, text: str, **given: Any) -> drafting.Saved:
    """A save on the revision that stands."""
    given.setdefault("base_revision", Chapter.objects.only("revision").get(pk=of.pk).revision)
    given.setdefault("save_id", uuid7())
    given.setdefault("tab_id", "tab")
    return drafting.save(chapter_id=of.pk, principal=principal(person), text=text, **given)
