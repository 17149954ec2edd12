"""What plugins make of an answer: another chart, or another statement, which passes the guard like any other.

They are asked after the rows are there and before the chart is chosen. Rows leave the platform only where the
connection discloses rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from laojun.plugins import host
from laojun.plugins.points import POST_PROCESSOR
from querygpt import charts
from querygpt.answering import attempts, endings
from querygpt.answering.endings import Ending
from querygpt.answering.scene import Scene
from querygpt.charts.spec import MOST_MEASURES, chart
from querygpt.models import Connection, Message, Run
from querygpt.results.cells import text

HOOK = POST_PROCESSOR.name
MOST_ROWS = 500
# Half of what the hook takes; the rest is the statement, the names and the chart.
MOST_BYTES = POST_PROCESSOR.max_in // 2
# A statement that a person wrote or approved stands; of the others a plugin may propose a better one.
REPLACED = frozenset({Message.Engine.PLANNER, Message.Engine.MODEL})


def processed(scene: Scene, ending: Ending) -> Ending:
    """The ending with the first statement that runs and the first chart that can be drawn; else as it was.

    Outside any transaction. Raises what `scene.check` does.
    """
    if ending.ran is None or not host.is_used(HOOK, scene.workspace_id):
        return ending
    answers = host.call(HOOK, scene.workspace_id, _payload(scene, ending))
    scene.check()
    fine = [(one.slug, one.outcome.output) for one in answers if one.outcome.is_ok]
    outputs = [(slug, output) for slug, output in fine if isinstance(output, Mapping)]
    replaced = _replaced(scene, ending, outputs)
    hint = next(filter(None, (_chart(output, replaced) for _slug, output in outputs)), None)
    return replace(replaced, hint=hint) if hint else replaced


def _replaced(scene: Scene, ending: Ending, outputs: list[tuple[str, Any]]) -> Ending:
    if ending.engine not in REPLACED:
        return ending
    for slug, output in outputs:
        sql = str(output.get("sql") or "").strip()
        if not sql or sql in (ending.sql, ending.ran.sql_executed):
            continue
        number = len(scene.story.metadata["attempts"]) + 1
        tried = attempts.run(scene, sql, engine="plugin", origin=Run.Origin.PLUGIN, attempt=number)
        if tried.is_ok:
            said = scene.story.said("A plugin changed the query.")
            scene.story.details["note"] = f"{said} ({slug})"
            return endings.answered(ran=tried.ran, engine=ending.engine, hint=ending.hint)
    return ending


def _payload(scene: Scene, ending: Ending) -> dict[str, Any]:
    columns = [endings.column_of(column) for column in ending.ran.columns]
    shown = charts.choose(
        columns=columns, rows=ending.ran.rows, question=scene.question.content, hint=ending.hint
    )
    payload: dict[str, Any] = {
        "sql": ending.sql or "",
        "columns": [{"name": one["name"], "type": one["family"]} for one in columns],
    }
    if shown is not None:
        data = shown["data"]
        kind = "line" if shown["type"] == "area" else shown["type"]
        payload["chart"] = {"kind": kind, "title": shown["title"], "y": data["y"]}
        if data["x"] is not None:
            payload["chart"]["x"] = data["x"]
    if scene.connection.disclosure == Connection.Disclosure.ROWS:
        payload["rows"] = _rows(ending.ran.rows)
    return payload


def _rows(rows: list[list[Any]]) -> list[list[Any]]:
    """The first rows, as many as there is room for."""
    shown: list[list[Any]] = []
    room = MOST_BYTES
    for row in rows[:MOST_ROWS]:
        plain = [text(cell) if isinstance(cell, Mapping) else cell for cell in row]
        room -= len(orjson.dumps(plain)) + 1
        if room < 0:
            break
        shown.append(plain)
    return shown


def _chart(output: Mapping[str, Any], ending: Ending) -> dict[str, Any] | None:
    """A plugin's chart in our closed form, where it can be drawn from these rows."""
    wish = output.get("chart")
    if not isinstance(wish, Mapping):
        return None
    made = chart(
        str(wish["kind"]),
        title=str(wish.get("title") or ""),
        x=wish.get("x"),
        y=[str(name) for name in wish.get("y") or ()][:MOST_MEASURES],
    )
    columns = [endings.column_of(column) for column in ending.ran.columns]
    return charts.accepted(made, columns=columns, rows=ending.ran.rows)
