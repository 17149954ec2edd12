"""Terms: made, changed, switched off, deleted. Whoever writes one has asked `checking.of_term` before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from laojun import audit
from laojun.audit import Actor
from querygpt.knowledge.matching import fold
from querygpt.knowledge.refusals import LimitReached, TermTaken
from querygpt.models import Connection, Term
from querygpt.models.knowledge import MAX_TERM
from taishang.catalogue.refusals import constraint_of

MOST_TERMS = 2_000
FACTS = (
    "connection_id",
    "kind",
    "name_zh",
    "name_en",
    "synonyms",
    "table",
    "expression",
    "description",
    "state",
)
# What the guard judges.
JUDGED = frozenset({"connection", "kind", "table", "expression"})
NAMES = ("querygpt_terms_zh_uniq", "querygpt_terms_en_uniq")


def create(*, workspace_id: int, given: Mapping[str, Any], by: User, actor: Actor) -> Term:
    """Raises TermTaken, LimitReached."""
    if Term.objects.filter(workspace_id=workspace_id).count() >= MOST_TERMS:
        raise LimitReached(MOST_TERMS)
    term = Term(workspace_id=workspace_id, created_by=by, **_with_keys(given))
    _save(term, force_insert=True)
    audit.record(actor=actor, action="term.created", target=("term", term.pk), after=facts(term))
    return term


def change(*, term: Term, given: Mapping[str, Any], actor: Actor) -> Term:
    """`term` is locked by the caller. What was broken and passed the guard is in use again. Raises TermTaken."""
    before = facts(term)
    wishes = dict(given)
    if JUDGED & wishes.keys() and "state" not in wishes and term.state == Term.State.BROKEN:
        wishes["state"] = Term.State.VALID
    if wishes.get("state") == Term.State.VALID or term.state == Term.State.VALID:
        term.reason = ""
    for name, value in _with_keys(wishes).items():
        setattr(term, name, value)
    _save(term)
    audit.record(
        actor=actor,
        action="term.updated",
        target=("term", term.pk),
        before=before,
        after=facts(term),
    )
    term.refresh_from_db()
    return term


def remove(*, term: Term, actor: Actor) -> None:
    audit.record(actor=actor, action="term.deleted", target=("term", term.pk), before=facts(term))
    term.delete()


def places_of(*, workspace_id: int, connection: Connection | None) -> list[Connection]:
    """Where a term is tried: its connection, or for one of the whole workspace all that may be connected to."""
    if connection is not None:
        return [connection]
    rows = Connection.objects.in_use().filter(
        workspace_id=workspace_id, visibility=Connection.Visibility.WORKSPACE
    )
    return list(rows.order_by("created_at"))


def facts(term: Term) -> dict[str, Any]:
    return {name: getattr(term, name) for name in FACTS}


def _with_keys(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the folded form of the names among them."""
    values = dict(given)
    for language in ("zh", "en"):
        if (name := values.get(f"name_{language}")) is not None:
            values[f"key_{language}"] = (fold(name) or name)[:MAX_TERM] or None
    return values


def _save(term: Term, **options: Any) -> None:
    try:
        with transaction.atomic():
            term.save(**options)
    except IntegrityError as error:
        if constraint_of(error) in NAMES:
            raise TermTaken from error
        raise
