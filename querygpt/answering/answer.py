"""One answer from its task's start to its end: route, example, planner and model, each with what follows from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from laojun import audit
from querygpt import planner, schema
from querygpt.answering import endings, engines, processing, routing, stopping
from querygpt.answering import scene as scenes
from querygpt.answering.endings import Ending
from querygpt.answering.engines import ModelGaveUp
from querygpt.answering.scene import Deadline, Scene
from querygpt.knowledge import exact
from querygpt.models import Message
from querygpt.planner import Outcome
from taishang.catalogue import references
from taishang.catalogue.references import Place
from taishang.catalogue.refusals import CatalogueRefused
from taishang.models import Kind, Model
from taishang.runs import Cancelled, Run

STRUCTURE_UNKNOWN = frozenset({"table_unknown", "column_unknown"})


def answer(run: Run) -> dict[str, Any] | None:
    """The handler of `querygpt.answer`. What it records carries the question's trace."""
    with audit.facts(replace(audit.current_facts(), trace_id=run.task.trace_id)):
        return _answered(run)


def _answered(run: Run) -> dict[str, Any] | None:
    """The result, where the run has not written it itself: that the message had ended before."""
    scene = scenes.opened(run)
    if scene is None:
        return {"outcome": "gone"}
    try:
        ending = processing.processed(scene, _found(scene))
    except Deadline:
        ending = endings.failed(scene, "deadline")
    except Cancelled:
        # Stopped at the door, which wrote the end already, or the person may no longer ask.
        with run.database():
            stopping.end(scene.message.pk, state=Message.State.CANCELLED)
        raise
    endings.finish(scene, ending)
    return None


def _found(scene: Scene) -> Ending:
    if scene.connection is None:
        return endings.failed(scene, "no_connection")
    if scene.wish == "manual":
        return engines.by_hand(scene)
    routed = _routed(scene)
    if routed is not None:
        return routed
    with scene.story.step("analyzing", scene.story.said("Reading the question")) as step:
        _know(scene)
        step["message"] = scene.story.said("Read the question and the tables")
    if scene.wish == "choice":
        return _by_choice(scene)
    return _by_example(scene) or _by_engine(scene)


def _routed(scene: Scene) -> Ending | None:
    """The end of what is no question about data."""
    route = routing.route(scene.question.content)
    if route == "write":
        return endings.failed(scene, "write_request")
    if route == "talk":
        said = scene.story.said("I answer questions about the data of this database. Ask away!")
        return endings.told(Message.Outcome.NOT_DATA, said)
    if route == "nothing":
        return endings.told(
            Message.Outcome.CLARIFICATION, scene.story.said("What would you like to know?")
        )
    return None


def _know(scene: Scene) -> None:
    scene.catalogue = schema.catalogue(connection=scene.connection)
    day = scene.connection.reference_date
    scene.story.details["reference_date"] = day.isoformat() if day else None


def _by_example(scene: Scene) -> Ending | None:
    with scene.run.database():
        found = exact(question=scene.question.content, connection=scene.connection)
    return engines.by_example(scene, found.sql) if found else None


def _by_choice(scene: Scene) -> Ending:
    """The plan behind a reading that was chosen, written out for today's database."""
    plan = scene.story.details["plan"]
    try:
        sql = planner.render(
            plan,
            dialect=scene.connection.dialect,  # type: ignore[arg-type]
            catalogue=scene.catalogue,
        )
    except LookupError:
        # The tables it names are gone since it was offered.
        return _by_engine(scene)
    return engines.by_plan(scene, Outcome(kind="sql", sql=sql, plan=plan))


def _by_engine(scene: Scene) -> Ending:
    """The planner reads every question; what it refuses or answers from the catalogue needs no model."""
    outcome = _planned(scene)
    if outcome.kind in {"schema", "refuse"}:
        return engines.by_plan(scene, outcome)
    model = None if scene.wish == "planner" else _model(scene)
    if model is None:
        return _refreshed(scene, engines.by_plan(scene, outcome))
    try:
        return engines.by_model(scene, model)
    except ModelGaveUp as error:
        if outcome.kind != "sql":
            return error.ending
        scene.story.details["note"] = scene.story.said(
            "The model gave no usable answer; the rules answered instead."
        )
        attempt = len(scene.story.metadata["attempts"]) + 1
        return engines.by_plan(scene, outcome, attempt=attempt)


def _planned(scene: Scene) -> Outcome:
    with scene.story.step("generating_sql", scene.story.said("Planning by rules")):
        return planner.plan(
            question=scene.question.content,
            language=scene.language,
            catalogue=scene.catalogue,
            dialect=scene.connection.dialect,  # type: ignore[arg-type]
            today=scene.today,
            previous=scenes.previous_plan(scene),
        )


def _refreshed(scene: Scene, ending: Ending) -> Ending:
    """Planned once more after the structure was read again, where the server knows less than we thought."""
    code = (ending.error or {}).get("code")
    if code not in STRUCTURE_UNKNOWN:
        return ending
    schema.refresh(connection=scene.connection)
    _know(scene)
    attempt = len(scene.story.metadata["attempts"]) + 1
    return engines.by_plan(scene, _planned(scene), attempt=attempt)


def _model(scene: Scene) -> Model | None:
    """The model to ask: the conversation's, else the usual choice; None when none can be used."""
    place = Place(scene.workspace_id, scene.user.pk)
    with scene.run.database():
        chosen = str(scene.model) if scene.model is not None else None
        try:
            return references.choose(place=place, kind=Kind.CHAT, preferred=[chosen]).model
        except CatalogueRefused:
            return None
