"""Rows of studio, each with only what it needs. Call them inside the workspace they belong to."""

from typing import Any

from accounts.authentication import Principal
from accounts.ids import uuid7
from laojun import files
from laojun.files import Owner
from studio import drafting, ordering, proposals, works
from studio.agents import saving
from studio.importing import plans, reading, uploads
from studio.importing.source import Source
from studio.models import (
    Agent,
    AIRequest,
    Batch,
    BatchItem,
    Chapter,
    Chat,
    Collaborator,
    Finding,
    Import,
    Proposal,
    Volume,
    Work,
)
from studio.models.base import moment_of
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


def agent(person: Person, name: str = "我的助手", **told: Any) -> Agent:
    values = {"name": name, "system_prompt": "写。", "context_policy": ["text"], **told}
    return saving.create(principal=principal(person), values=values)


def ai_request(person: Person, *, work: Any, chapter: Any, **told: Any) -> AIRequest:
    """A request that was answered."""
    number = uuid7()
    given = {
        "request_type": "continue",
        "status": "completed",
        "output_text": "雨停了。",
        "base_revision": 1,
        "range_start": 4,
        "range_end": 4,
        "anchor_prefix": "text",
        "context": {"model": "muse@1"},
        **told,
    }
    return AIRequest.objects.create(
        id=number,
        created_at=moment_of(number),
        workspace=person.workspace,
        user=person.user,
        work_id=work,
        chapter_id=chapter,
        **given,
    )


def proposal(of: AIRequest, text: str = "雨停了。") -> Proposal:
    proposals.offer(request=of, variant=1, text=text, is_partial=False)
    return Proposal.objects.get(request_id=of.pk)


def chat(person: Person, *, work: Any) -> Chat:
    return Chat.objects.create(workspace=person.workspace, work_id=work, user=person.user)


def finding(of: AIRequest) -> Finding:
    return Finding.objects.create(
        workspace_id=of.workspace_id,
        work_id=of.work_id,
        chapter_id=of.chapter_id,
        kind="style",
        message="说得太多",
        fingerprint=str(of.pk),
    )


def batch(person: Person, *, work: Any, chapter: Any) -> tuple[Batch, BatchItem]:
    """A batch that rests before its only chapter."""
    made = Batch.objects.create(
        workspace=person.workspace, work_id=work, user=person.user, state="paused"
    )
    item = BatchItem.objects.create(
        workspace=person.workspace, work_id=work, batch=made, chapter_id=chapter, ordinal=1
    )
    return made, item


def work_import(person: Person, text: str = "第一章 起\n\n文。\n") -> Import:
    """A book that was read and waits to be confirmed."""
    stored = files.store(
        content=text.encode(),
        name="book.txt",
        purpose=uploads.PURPOSE,
        owner=Owner(person.user.pk, person.workspace.pk),
    )
    source = Source(text)
    return Import.objects.create(
        workspace=person.workspace,
        user=person.user,
        file_id=stored.pk,
        format="txt",
        options=dict(uploads.DEFAULTS),
        plan=plans.of(source, reading.pieces(source)),
        state=Import.State.PREVIEW,
    )
