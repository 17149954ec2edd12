"""One statement run, and what came of it: kept as an attempt and a step, told as a class."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import ngettext

from querygpt import execution, repairing
from querygpt.answering.scene import Scene

MOST_DETAIL = 200


@dataclass(frozen=True)
class Tried:
    """A run and its error: `code` is empty when it brought rows; `verdict` is the guard's."""

    ran: execution.Ran
    code: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.code

    @property
    def verdict(self) -> str:
        return "refused" if self.ran.state == "refused" else ""

    @property
    def detail(self) -> str:
        return repairing.said(self.ran.detail or "")

    @property
    def may_be_repaired(self) -> bool:
        return repairing.may_repair(self.code)


def run(
    scene: Scene,
    sql: str,
    *,
    engine: str,
    origin: str,
    attempt: int = 1,
    timeout_seconds: int | None = None,
) -> Tried:
    """Send one statement through the guard to the database. Raises what `scene.check` does."""
    story = scene.story
    scene.check()
    scene.require_right()
    story.metadata["sql"] = sql
    with story.step("executing", story.said("Running the query"), attempt=attempt) as step:
        ran = execution.run(
            sql=sql,
            origin=origin,
            attempt=attempt,
            timeout_seconds=timeout_seconds,
            **scene.origin,
        )
        scene.check(fresh=True)
        code = _code(ran)
        if code:
            step.update(status="error", message=f"{step['message']}: {code}")
        else:
            step["message"] = _found(scene, ran)
    error = (code, repairing.said(ran.detail or "")) if code else None
    story.attempted(attempt=attempt, engine=engine, sql=sql, error=error, run_id=ran.run_id)
    return Tried(ran, code)


def _code(ran: execution.Ran) -> str:
    """The class of what went wrong: the guard's rule, the server's class, or the state itself."""
    if ran.state == "ok":
        return ""
    if ran.state == "refused":
        return str(ran.rule or "not_a_query")
    return str(ran.error_code or ran.state)


def _found(scene: Scene, ran: execution.Ran) -> str:
    count = ran.rows_count or 0
    with scene.story.in_language():
        return ngettext("%(count)d row found", "%(count)d rows found", count) % {"count": count}
