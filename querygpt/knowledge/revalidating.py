"""After a structure changed: which terms and examples still hold, and who is told of those that do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.module_loading import import_string

from accounts import news, permissions
from accounts.models import User, Workspace
from querygpt.knowledge import checking, terms
from querygpt.knowledge.checking import Fault
from querygpt.knowledge.refusals import NotChecked
from querygpt.models import Connection, Example, Term
from taishang.runs import Run

AT_ONCE = 5_000
LETTER = "knowledge_broken"
CURATES = "knowledge.approve"


@dataclass
class Tally:
    """What was looked at, and what changed its state."""

    checked: int = 0
    unchecked: int = 0
    broken_terms: list[str] = field(default_factory=list)
    broken_examples: list[str] = field(default_factory=list)
    mended: int = 0

    def told(self) -> dict[str, Any]:
        return {
            "checked": self.checked,
            "unchecked": self.unchecked,
            "broken_terms": len(self.broken_terms),
            "broken_examples": len(self.broken_examples),
            "mended": self.mended,
        }


def run(run: Run) -> dict[str, Any]:
    """The handler of `querygpt.revalidate`. Only what stands still as it was read is written."""
    connection_of = import_string("querygpt.schema.tasks.connection_of")
    connection: Connection = connection_of(run)
    tally = Tally()
    with run.database():
        words = list(Term.objects.of(connection).exclude(state=Term.State.OFF)[:AT_ONCE])
        rows = Example.objects.filter(connection=connection)
        states = [Example.State.APPROVED, Example.State.BROKEN]
        questions = list(rows.filter(state__in=states)[:AT_ONCE])
    for term in words:
        run.check()
        _look_at_term(run, connection, term, tally)
    for example in questions:
        run.check()
        _look_at_example(run, connection, example, tally)
    with run.finish(tally.told()):
        if tally.broken_terms or tally.broken_examples:
            tell(connection=connection, tally=tally)
    return None  # type: ignore[return-value]


def tell(*, connection: Connection, tally: Tally) -> None:
    """One letter to each who keeps the knowledge of this connection."""
    for person in curators_of(connection):
        news.tell(
            LETTER,
            user=person,
            link=("connection_schema", connection.pk),
            workspace_id=connection.workspace_id,
            dedup_key=f"{LETTER}:{connection.pk}",
            connection=connection.name,
            terms=len(tally.broken_terms),
            examples=len(tally.broken_examples),
        )


def curators_of(connection: Connection) -> list[User]:
    """Its owner, and of a shared one whoever approves examples here."""
    members = User.objects.able_to_sign_in().filter(
        memberships__workspace_id=connection.workspace_id
    )
    if connection.visibility == Connection.Visibility.PRIVATE:
        return list(members.filter(pk=connection.user_id))
    return [
        person
        for person in members.distinct()
        if person.pk == connection.user_id or _curates(person, connection.workspace)
    ]


def _curates(person: User, workspace: Workspace) -> bool:
    return CURATES in (permissions.of_member(user_id=person.pk, workspace=workspace) or ())


def _look_at_term(run: Run, connection: Connection, term: Term, tally: Tally) -> None:
    with run.database():
        places = terms.places_of(
            workspace_id=connection.workspace_id,
            connection=connection if term.connection_id else None,
        )
    try:
        fault = checking.of_term(
            connections=places or [connection],
            kind=term.kind,
            table=term.table,
            expression=term.expression,
        )
    except NotChecked:
        tally.unchecked += 1
        return
    tally.checked += 1
    wanted = Term.State.BROKEN if fault else Term.State.VALID
    if term.state == wanted:
        return
    with run.database():
        rows = Term.objects.filter(pk=term.pk, version=term.version)
        moved = rows.update(state=wanted, reason=_reason(fault))
    if moved and fault:
        tally.broken_terms.append(str(term))
    tally.mended += bool(moved and not fault)


def _look_at_example(run: Run, connection: Connection, example: Example, tally: Tally) -> None:
    """A broken one that holds again waits for somebody's approval: the structure is not the one it was approved for."""
    try:
        fault = checking.of_statement(connection=connection, sql=example.sql)
    except NotChecked:
        tally.unchecked += 1
        return
    tally.checked += 1
    if bool(fault) == (example.state == Example.State.BROKEN):
        return
    state = Example.State.BROKEN if fault else Example.State.DRAFT
    with run.database():
        rows = Example.objects.filter(pk=example.pk, version=example.version)
        moved = rows.update(
            state=state,
            reason=_reason(fault),
            approved_by=None,
            approved_by_name="",
            approved_at=None,
        )
    if moved and fault:
        tally.broken_examples.append(example.question)
    tally.mended += bool(moved and not fault)


def _reason(fault: Fault | None) -> str:
    return f"{fault.rule}: {fault.reason}"[: checking.MAX_REASON] if fault else ""
