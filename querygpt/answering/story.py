"""How far an answer is, written as it happens: steps, statements, attempts. Every write carries the run's fence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.redaction import redact_text
from querygpt.answering import details, metadata
from querygpt.answering.live import Voice
from querygpt.models import Message
from querygpt.summaries import LOCALES
from taishang.runs import Cancelled, Run

TOLD = "progress"
MOST_ERROR = 500


class Story:
    """The answer under way. What others wrote meanwhile wins: a message that has ended raises Cancelled."""

    def __init__(self, run: Run, message: Message) -> None:
        self.run = run
        self.message = message
        self.metadata = {**metadata.empty(), "sql": (message.metadata or {}).get("sql")}
        self.details = details.of(message.plan)
        self.voice = Voice(message.pk)
        self.language = message.language or "zh"

    @contextmanager
    def step(self, stage: str, text: str, *, attempt: int = 1) -> Iterator[dict[str, Any]]:
        """A step from its beginning to its end; the block may change its `message` and `status`."""
        step = {
            "stage": stage,
            "message": text[:300],
            "attempt": attempt,
            "status": "running",
            "started_at": _now(),
            "finished_at": None,
        }
        self.metadata["steps"] = [*self.metadata["steps"], step][-metadata.MOST_STEPS :]
        self.save(stage=stage)
        try:
            yield step
        except BaseException:
            step.update(status="error", finished_at=_now())
            raise
        step["finished_at"] = _now()
        if step["status"] == "running":
            step["status"] = "done"

    def attempted(
        self,
        *,
        attempt: int,
        engine: str,
        sql: str | None,
        error: tuple[str, str] | None = None,
        run_id: object = None,
    ) -> None:
        """Keep one attempt; `error` is its class and what the server said."""
        code, said = error or (None, None)
        one = {
            "attempt": attempt,
            "engine": engine,
            "sql": sql,
            "error_code": code,
            "error": said and redact_text(said)[:MOST_ERROR],
            "run_id": run_id and str(run_id),
        }
        self.metadata["attempts"] = [*self.metadata["attempts"], one]

    def in_language(self) -> AbstractContextManager[None]:
        """Texts of ours in the question's language."""
        return translation.override(LOCALES[self.language])

    def said(self, text: str) -> str:
        """A text of ours in the question's language; `text` is a msgid."""
        with self.in_language():
            return _(text)

    def save(self, *, stage: str = "", **columns: Any) -> None:
        """Write what is known so far. Raises LeaseLost, Cancelled."""
        with self.run.database():
            self.run.event(TOLD, stage=stage)
            if not self._written({"state": Message.State.RUNNING, **columns}):
                raise Cancelled
        self.voice.changed()

    def end(self, columns: Mapping[str, Any]) -> bool:
        """The one terminal write, inside the caller's transaction. False when the message had ended before."""
        for step in self.metadata["steps"]:
            if step["status"] == "running":
                status = "done" if columns["state"] == Message.State.DONE else "error"
                step.update(status=status, finished_at=_now())
        return self._written(columns)

    def _written(self, columns: Mapping[str, Any]) -> bool:
        live = Message.objects.live().filter(pk=self.message.pk, task_id=self.run.id)
        return bool(
            live.update(
                metadata=metadata.fitted(self.metadata),
                plan=self.details,
                event_seq=F("event_seq") + 1,
                updated_at=timezone.now(),
                **columns,
            )
        )


def _now() -> str:
    return timezone.now().isoformat(timespec="milliseconds")
