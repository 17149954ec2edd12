"""The worker's side of plugins in a job: who is asked, answers for the caged process, and rows of the platform's own."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
from django.db import connections

from laojun.plugins import host, runnables
from laojun.plugins.outcomes import Outcome
from taishang.generation.points import DJANGO_EMITTER, EMITTER, HOOKS, SOURCE_ADAPTER
from taishang.models import GenerationJob

Answering = Callable[[Any], list[dict[str, Any]]]
REPLIES = "replies"
MAX_QUESTIONS = 8
logger = logging.getLogger(__name__)


def asked_hooks(workspace_id: int | None) -> list[str]:
    """The hooks of a job on which somebody answers from outside the job's process. The caller is in the workspace."""
    if workspace_id is None:
        return []
    return [point.name for point in HOOKS if host.is_used(point.name, workspace_id)]


def switched_off(workspace_id: int | None) -> set[str]:
    """The platform's own adapters and emitters that must not run here. The caller is in the workspace."""
    if workspace_id is None:
        return set()
    return runnables.switched_off([point.name for point in HOOKS], workspace_id)


def note_own(job: GenerationJob) -> None:
    """A row for each of the platform's own plugins that worked on a job, with the time of its stages."""
    timings = {stage: told.get("ms", 0) for stage, told in job.stage_timings.items()}
    adapter = "generic" if job.source in ("", "unknown") else job.source
    for hook, slug, stages in (
        (SOURCE_ADAPTER.name, f"{adapter}_adapter", ("inventory", "evidence")),
        (EMITTER.name, DJANGO_EMITTER, ("render",)),
    ):
        worked = [one for one in runnables.on_hook(hook, job.workspace_id) if one.slug == slug]
        for runnable in worked:
            spent = sum(timings.get(stage, 0) for stage in stages)
            host.note(hook, runnable, Outcome(duration_ms=spent))


class Desk:
    """Takes the questions of a caged process and lays the answers where it looks.

    Plugins answer, or for the questions of `answering` the function that stands there.

    The folder is the caged process's own, so it is held by its descriptor from before the start and nothing in it
    is followed: a link that was laid there names no file of ours.
    """

    def __init__(
        self,
        workspace_id: int | None,
        directory: Path,
        *,
        answering: Mapping[str, Answering] | None = None,
    ) -> None:
        self.workspace_id = workspace_id
        self.answering = answering or {}
        self.folder = directory / REPLIES
        self.taken = 0
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> Desk:
        self.folder.mkdir(mode=0o755)
        self.handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for thread in self.threads:
            thread.join()
        os.close(self.handle)

    def take(self, told: dict[str, Any]) -> None:
        """Answer one question beside the watch over the process. What is no question of ours is left alone."""
        known = {*self.answering, *(point.name for point in HOOKS)}
        if told.get("hook") not in known or self.taken >= MAX_QUESTIONS:
            return
        self.taken += 1
        thread = threading.Thread(target=self._answer, args=(self.taken, told), daemon=True)
        self.threads.append(thread)
        thread.start()

    def _answer(self, number: int, told: dict[str, Any]) -> None:
        answers: list[dict[str, Any]] = []
        try:
            answers = self._answers(str(told["hook"]), told.get("payload"))
        except Exception:
            logger.exception("nobody could be asked hook=%s", told.get("hook"))
        finally:
            self._lay(number, orjson.dumps(answers))
            connections.close_all()

    def _answers(self, hook: str, payload: Any) -> list[dict[str, Any]]:
        if hook in self.answering:
            return self.answering[hook](payload)
        if self.workspace_id is None:
            return []
        return [_plain(answer) for answer in host.call(hook, self.workspace_id, payload)]

    def _lay(self, number: int, content: bytes) -> None:
        """Whole or not at all: the process looks for the final name."""
        unfinished = f".{number}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(unfinished, flags, 0o644, dir_fd=self.handle), "wb") as file:
            file.write(content)
        os.rename(unfinished, f"{number}.json", src_dir_fd=self.handle, dst_dir_fd=self.handle)


def _plain(answer: host.Answer) -> dict[str, Any]:
    if answer.outcome.is_ok:
        return {"plugin": answer.slug, "output": answer.outcome.output}
    return {"plugin": answer.slug, "failure": answer.outcome.code}
