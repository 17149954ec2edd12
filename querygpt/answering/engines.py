"""The ways to an answer: an approved example, a model with its repairs, the planner, a statement by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from querygpt import drafting, knowledge, prompts, repairing, schema
from querygpt.answering import attempts, endings, structure
from querygpt.answering import scene as scenes
from querygpt.answering.attempts import Tried
from querygpt.answering.endings import Ending
from querygpt.answering.scene import Scene
from querygpt.drafting import Draft, DraftFailed, Material, replies
from querygpt.drafting.asking import Asker
from querygpt.drafting.prompting import MOST_TABLES, Repair
from querygpt.models import Message
from querygpt.planner import Outcome as Planned
from taishang.models import Model

Engine = Message.Engine
Outcome = Message.Outcome
SPACES = re.compile(r"\s+")
MENTION = re.compile(r"@([\w.]+)")
OPTIONS_SHOWN = 4


class ModelGaveUp(Exception):
    """No answer by the model; somebody else may have one. `ending` is what to say when nobody has."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.outcome)
        self.ending = ending


def by_hand(scene: Scene) -> Ending:
    """The person's own statement, once, in the time they gave it."""
    sql = str(scene.message.metadata.get("sql") or "")
    tried = attempts.run(
        scene,
        sql,
        engine=Engine.MANUAL,
        origin="edited",
        timeout_seconds=scene.run.payload.get("timeout_seconds"),
    )
    return _ended(scene, tried, engine=Engine.MANUAL)


def by_example(scene: Scene, sql: str) -> Ending | None:
    """The statement somebody approved for this very question; None when it no longer runs."""
    tried = attempts.run(scene, sql, engine=Engine.EXAMPLE, origin="example")
    if tried.may_be_repaired:
        return None
    return _ended(scene, tried, engine=Engine.EXAMPLE)


def by_plan(scene: Scene, outcome: Planned, *, attempt: int = 1) -> Ending:
    """What the planner found: a statement to run, a question back, or the reason why not."""
    details = scene.story.details
    details["assumptions"] = list(outcome.assumptions)
    details["plan"] = outcome.plan
    if outcome.kind == "sql":
        tried = attempts.run(
            scene, outcome.sql, engine=Engine.PLANNER, origin="planner", attempt=attempt
        )
        return _ended(scene, tried, engine=Engine.PLANNER, hint=outcome.chart_hint)
    if outcome.kind == "clarify":
        details["question"] = outcome.question
        details["options"] = [dict(one) for one in outcome.options[:OPTIONS_SHOWN]]
        return endings.told(Outcome.CLARIFICATION, outcome.question, engine=Engine.PLANNER)
    if outcome.kind == "refuse":
        return endings.failed(scene, "write_request", engine=Engine.PLANNER)
    if outcome.kind == "schema":
        content = structure.told(
            question=scene.question.content, catalogue=scene.catalogue, language=scene.language
        )
        return endings.told(Outcome.ANSWERED, content or outcome.reason, engine=Engine.PLANNER)
    return endings.told(
        Outcome.UNANSWERABLE, outcome.reason or outcome.question, engine=Engine.PLANNER
    )


def by_model(scene: Scene, model: Model) -> Ending:
    """Draft, run, and repair within the attempts. Raises ModelGaveUp, and what `scene.check` does."""
    repair: Repair | None = None
    seen: set[str] = set()
    for attempt in range(1, scene.attempts + 1):
        try:
            draft = _drafted(scene, model, repair, attempt)
        except DraftFailed as error:
            scene.story.attempted(
                attempt=attempt,
                engine=Engine.MODEL,
                sql=None,
                error=(error.code, repairing.said(error.detail)),
            )
            if not repairing.may_repair(error.code):
                ending = endings.failed(scene, error.code, engine=Engine.MODEL)
                raise ModelGaveUp(ending) from error
            repair = Repair("", "Your reply held no statement. Reply with the JSON object alone.")
            continue
        if draft.reply.kind != "sql":
            return _said(scene, draft)
        sql = draft.reply.sql
        key = SPACES.sub(" ", sql).strip().rstrip(";").casefold()
        if key in seen:
            break
        seen.add(key)
        tried = attempts.run(scene, sql, engine=Engine.MODEL, origin="model", attempt=attempt)
        if not tried.may_be_repaired:
            return _ended(scene, tried, engine=Engine.MODEL, hint=draft.reply.chart)
        repair = _repair(scene, tried, sql)
    raise ModelGaveUp(endings.failed(scene, _last_code(scene), engine=Engine.MODEL))


def _drafted(scene: Scene, model: Model, repair: Repair | None, attempt: int) -> Draft:
    """One reply of the model; what it was shown is kept in the details."""
    story = scene.story
    said = story.said("Writing SQL") if repair is None else story.said("Mending the SQL")
    with story.step("generating_sql", f"{said} · {model}", attempt=attempt) as step:
        try:
            draft = drafting.draft(
                material=_material(scene, repair),
                model=model,
                asker=Asker(
                    workspace_id=scene.workspace_id,
                    user=scene.user,
                    message_id=scene.message.pk,
                    task_id=scene.run.id,
                    trace_id=scene.run.task.trace_id,
                ),
                watch=scene.check,
                on_text=lambda text: story.voice.say(channel="sql", text=replies.so_far(text)),
            )
        except DraftFailed as error:
            step.update(status="error", message=f"{step['message']}: {error.code}")
            raise
        if draft.shown.was_cut:
            step["message"] += f" · {story.said('shortened to fit')}"
    story.details["assumptions"] = list(draft.reply.assumptions)
    story.details["disclosed"] = _disclosed(draft, story.details["disclosed"])
    return draft


def _material(scene: Scene, repair: Repair | None) -> Material:
    """Everything the model may see under the connection's disclosure."""
    connection, catalogue = scene.connection, scene.catalogue
    mentioned = MENTION.findall(scene.question.content)
    pinned = (*scene.conversation.metadata.get("pinned_tables", ()), *mentioned)
    tables = schema.rank(
        question=scene.question.content, catalogue=catalogue, k=MOST_TABLES, pinned=pinned
    )
    names = {table.name for table in tables}
    with scene.run.database():
        texts = prompts.texts(
            workspace_id=scene.workspace_id, user_id=scene.user.pk, language=scene.language
        )
        examples = _examples(scene)
    sampled = connection.disclosure in {"samples", "rows"}
    return Material(
        question=scene.question.content,
        language=scene.language,
        dialect=connection.dialect,  # type: ignore[arg-type]
        today=scene.today.isoformat(),
        texts=texts,
        tables=tables,
        relationships=[
            one
            for one in catalogue.relationships
            if one.from_table in names and one.to_table in names
        ],
        terms=[term for term in catalogue.terms if term.table in names],
        examples=examples,
        history=scenes.rounds_of(scene, dialect=connection.dialect),
        samples=_samples(scene, names) if sampled else {},
        repair=repair,
    )


def _examples(scene: Scene) -> list[tuple[str, str]]:
    found = knowledge.nearest(question=scene.question.content, connection=scene.connection)
    return [(one.question, one.sql) for one in found]


def _samples(scene: Scene, names: set[str]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """A few values of columns that are neither hidden nor sensitive."""
    open_columns = {
        (table.name, column.name)
        for table in scene.catalogue.tables
        for column in table.columns
        if not column.is_hidden and not column.is_sensitive
    }
    return {
        place: values
        for place, values in scene.catalogue.values.items()
        if place in open_columns and place[0] in names
    }


def _said(scene: Scene, draft: Draft) -> Ending:
    """The model asks back or says that it cannot."""
    reply = draft.reply
    if reply.kind == "clarify":
        scene.story.details["question"] = reply.question
        scene.story.details["options"] = [{"label": one, "plan": None} for one in reply.options]
        return endings.told(Outcome.CLARIFICATION, reply.question, engine=Engine.MODEL)
    said = reply.question or scene.story.said("This database cannot answer that.")
    return endings.told(Outcome.UNANSWERABLE, said, engine=Engine.MODEL)


def _ended(scene: Scene, tried: Tried, *, engine: str, hint: Any = None) -> Ending:
    if tried.is_ok:
        return endings.answered(ran=tried.ran, engine=engine, hint=hint)
    return endings.failed(
        scene, tried.code, verdict=tried.verdict, detail=tried.detail, engine=engine
    )


def _repair(scene: Scene, tried: Tried, sql: str) -> Repair:
    near = repairing.candidates(
        code=tried.code, detail=tried.ran.detail or "", sql=sql, catalogue=scene.catalogue
    )
    return Repair(sql, f"{tried.code}: {tried.detail}", near)


def _last_code(scene: Scene) -> str:
    tried = scene.story.metadata["attempts"]
    return str(tried[-1]["error_code"] or "missing_sql") if tried else "missing_sql"


def _disclosed(draft: Draft, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What left the house, added up over the attempts. Costs are decimal texts; None is unknown."""
    held = before or {"input_tokens": 0, "output_tokens": 0, "cost": "0"}
    cost = None
    if draft.cost is not None and held["cost"] is not None:
        cost = str(type(draft.cost)(held["cost"]) + draft.cost)
    return {
        "model": draft.model,
        "tables": draft.shown.tables,
        "values": draft.shown.values,
        "rounds": draft.shown.rounds,
        "rows": draft.shown.rows,
        "was_cut": draft.shown.was_cut,
        "input_tokens": held["input_tokens"] + draft.input_tokens,
        "output_tokens": held["output_tokens"] + draft.output_tokens,
        "cost": cost,
    }
