"""How an answer ends: its state, its words, and the one write that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import translation

from laojun import audit
from laojun.files import Owner, StorageFull, StorageQuotaExceeded
from querygpt import charts, conversations, repairing, summaries
from querygpt.answering.scene import Scene
from querygpt.answering.story import Story
from querygpt.models import Conversation, Message
from querygpt.results import storing
from querygpt.results.storing import Brought
from querygpt.summaries import LOCALES, Found

STATUS = {
    Message.State.DONE: Conversation.Status.ACTIVE,
    Message.State.ERROR: Conversation.Status.ERROR,
}


@dataclass(frozen=True)
class Ending:
    """What an answer comes to. `ran` is the run that brought rows; `hint` a chart somebody proposes."""

    state: str
    outcome: str
    content: str = ""
    engine: str = ""
    sql: str | None = None
    error: Mapping[str, Any] | None = None
    ran: Any = None
    hint: Any = None


@dataclass
class Kept:
    """The rows of an ending as the page shows them first."""

    columns: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[list[Any]] = ()
    visualization: dict[str, Any] | None = None
    is_stored: bool = False
    notes: list[str] = field(default_factory=list)


def answered(*, ran: Any, engine: str, hint: Any = None) -> Ending:
    return Ending(
        Message.State.DONE,
        Message.Outcome.ANSWERED,
        engine=engine,
        sql=ran.sql_executed,
        ran=ran,
        hint=hint,
    )


def told(outcome: str, content: str, *, engine: str = "") -> Ending:
    """An answer in words alone."""
    return Ending(Message.State.DONE, outcome, content=content, engine=engine)


def failed(
    scene: Scene, code: str, *, verdict: str = "", detail: str = "", engine: str = ""
) -> Ending:
    """An answer that did not come to be, with its cause in words and what helps."""
    found = repairing.advice(code, verdict=verdict)
    refused = repairing.is_refusal(code, verdict) or code == "write_request"
    with translation.override(LOCALES[scene.language]):
        title, hint = str(found.title), str(found.hint)
    return Ending(
        Message.State.DONE if refused else Message.State.ERROR,
        Message.Outcome.REFUSED if refused else Message.Outcome.FAILED,
        content=f"{title} {hint}" if scene.language == "en" else f"{title}{hint}",
        engine=engine,
        error={"code": code, "message": _joined(title, detail), "hint": hint},
    )


def finish(scene: Scene, ending: Ending) -> None:
    """Keep the rows, choose the chart, tell the summary, write the end: the last three in one transaction.

    Raises LeaseLost where another run has the task.
    """
    kept = _kept(scene, ending)
    story = scene.story
    _date_once(story)
    story.metadata["visualization"] = kept.visualization
    story.metadata["error"] = dict(ending.error) if ending.error else None
    if ending.sql is not None:
        story.metadata["sql"] = ending.sql
    if ending.ran is not None:
        story.metadata["rows_count"] = ending.ran.rows_count
        story.metadata["execution_time"] = round((ending.ran.execution_ms or 0) / 1000, 3)
    columns: dict[str, Any] = {
        "state": ending.state,
        "outcome": ending.outcome,
        "content": ending.content or _summary(scene, ending, kept),
    }
    if ending.engine:
        columns["engine"] = ending.engine
    with scene.run.finish({"message_id": str(scene.message.pk), "outcome": ending.outcome}):
        if story.end(columns):
            _record_refusal(scene, ending)
            conversations.touched(scene.conversation, status=STATUS[Message.State(ending.state)])
    story.voice.changed()


def _date_once(story: Story) -> None:
    """The reference date is said where an answer rests on it, and said once: beside the assumptions, not among them."""
    day = story.details["reference_date"]
    if not day:
        return
    others = [one for one in story.details["assumptions"] if day not in one]
    if len(others) == len(story.details["assumptions"]):
        story.details["reference_date"] = None
    story.details["assumptions"] = others


def _record_refusal(scene: Scene, ending: Ending) -> None:
    """A wish to write that never became a statement; statements leave their own rows."""
    if ending.error and ending.error["code"] == "write_request":
        audit.record(
            actor=scene.user,
            action="conversation.write_refused",
            target=("conversation", scene.conversation.pk),
            result=audit.DENIED,
            details={"message": str(scene.message.pk)},
        )


def _kept(scene: Scene, ending: Ending) -> Kept:
    if ending.ran is None:
        return Kept()
    ran = ending.ran
    columns = [column_of(column) for column in ran.columns]
    kept = Kept(columns, ran.rows)
    owner = Owner(scene.user.pk, scene.workspace_id)
    brought = Brought(ran.run_id, scene.message.pk, columns, ran.rows, ran.truncated)
    try:
        storing.store(brought=brought, owner=owner)
        kept.is_stored = True
    except (StorageQuotaExceeded, StorageFull):
        kept.notes.append(scene.story.said("There is no room to keep the rows: export is off."))
    if kept.is_stored:
        kept.visualization = charts.choose(
            columns=columns, rows=ran.rows, question=scene.question.content, hint=ending.hint
        )
    return kept


def column_of(column: Any) -> dict[str, Any]:
    """A column of a run as results keep it: name, family, source, unit."""
    return {
        "name": column.name,
        "family": column.family,
        "source": column.source or "",
        "unit": column.unit or "",
    }


def _summary(scene: Scene, ending: Ending, kept: Kept) -> str:
    if ending.ran is None:
        return ""
    found = Found(
        columns=kept.columns,
        rows=kept.rows,
        rows_count=ending.ran.rows_count,
        truncated=ending.ran.truncated,
        reference_date=_meant_today(scene),
    )
    said = summaries.told(found, language=scene.language)
    return " ".join([said, *kept.notes]).strip()


def _meant_today(scene: Scene) -> Any:
    """The reference date, where the database has one and the answer speaks of time."""
    day = scene.connection.reference_date
    return day if day and scene.story.details["reference_date"] else None


def _joined(title: str, detail: str) -> str:
    return f"{title} ({detail})" if detail else title
