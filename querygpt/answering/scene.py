"""Everything an answer is worked out from: the question, what was said before, the database and what is known of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import permissions
from accounts.models import User, Workspace
from laojun import configs
from querygpt import conversations
from querygpt.answering import details
from querygpt.answering.story import Story
from querygpt.catalogue import Catalogue
from querygpt.drafting import Round
from querygpt.models import Connection, Conversation, Message, Run
from taishang.models import Model
from taishang.runs import Cancelled
from taishang.runs import Run as TaskRun

DEADLINE_SECONDS = 165
RIGHT = "connection.query"


class Deadline(Exception):
    """The answer has had its time."""


@dataclass
class Scene:
    """One answer's world. `catalogue` is read when it is first needed, and again after a refresh."""

    run: TaskRun
    story: Story
    message: Message
    question: Message
    conversation: Conversation
    connection: Connection
    user: User
    wish: str
    attempts: int
    catalogue: Catalogue = field(default_factory=Catalogue)
    started: float = field(default_factory=time.monotonic)

    @property
    def language(self) -> Any:
        return self.message.language or "zh"

    @property
    def model(self) -> Model | None:
        return self.conversation.model

    @property
    def workspace_id(self) -> int:
        return self.message.workspace_id

    @property
    def today(self) -> date:
        return self.connection.reference_date or timezone.localdate()

    @property
    def origin(self) -> dict[str, Any]:
        """What every statement of this answer is filed under."""
        return {
            "connection": self.connection,
            "actor": self.user,
            "conversation_id": self.conversation.pk,
            "message_id": self.message.pk,
            "trace_id": self.run.task.trace_id or None,
            "task_id": self.run.id,
            "is_cancelled": self.is_cancelled,
        }

    def check(self, *, fresh: bool = False) -> None:
        """Raises what ends the run: Cancelled, GivenBack, LeaseLost, Deadline."""
        self.run.check(fresh=fresh)
        if time.monotonic() - self.started > DEADLINE_SECONDS:
            raise Deadline

    def is_cancelled(self) -> bool:
        """Whether what runs elsewhere should stop; the reason is raised by the next `check`."""
        try:
            self.run.check()
        except Exception:  # noqa: BLE001 whatever ends the run is a reason to stop the statement
            return True
        return time.monotonic() - self.started > DEADLINE_SECONDS

    def require_right(self) -> None:
        """Raises Cancelled when the person may no longer ask this database."""
        with self.run.database():
            workspace = Workspace.objects.get(pk=self.workspace_id)
            held = permissions.of_member(user_id=self.user.pk, workspace=workspace)
            askable = Connection.objects.alive().filter(pk=self.connection.pk)
            shared = self.connection.visibility == Connection.Visibility.WORKSPACE
            if not shared:
                askable = askable.filter(user=self.user)
            if held is None or RIGHT not in held or not askable.exists():
                raise Cancelled


def opened(run: TaskRun) -> Scene | None:
    """The scene of a task's message, marked as running. None when the message has ended or is gone.

    A connection that is gone is refused by `no_connection`: the scene's own is None then.
    """
    with run.database():
        rows = Message.objects.select_for_update(of=("self",)).live()
        message = rows.filter(pk=UUID(run.payload["message_id"]), task_id=run.id).first()
        if message is None:
            return None
        conversation = Conversation.objects.select_related("connection", "model", "user").get(
            pk=message.conversation_id
        )
        question = Message.objects.get(pk=message.reply_to_id)
        attempts = configs.value("querygpt.attempts", message.workspace_id)
    return Scene(
        run=run,
        story=Story(run, message),
        message=message,
        question=question,
        conversation=conversation,
        connection=conversation.connection,  # type: ignore[arg-type]
        user=conversation.user,
        wish=run.payload.get("engine", "auto"),
        attempts=attempts,
    )


def rounds_of(scene: Scene, *, dialect: str) -> list[Round]:
    """What was asked and answered before, as a model may see it; SQL of another dialect is left out."""
    with scene.run.database():
        answers = _answers(scene)
        runs = _runs(answers)
        return [_round(answer, runs.get(answer.pk), scene, dialect) for answer in answers]


def previous_plan(scene: Scene) -> dict[str, Any] | None:
    """The plan of the last answered question, which a follow-up may change."""
    with scene.run.database():
        for answer in reversed(_answers(scene)):
            if answer.outcome == Message.Outcome.ANSWERED:
                plan: dict[str, Any] | None = details.of(answer.plan)["plan"]
                return plan
    return None


def _answers(scene: Scene) -> list[Message]:
    rounds = scene.conversation.metadata.get("context_rounds", conversations.CONTEXT_ROUNDS)
    return conversations.history(scene.conversation, before=scene.question, rounds=rounds)


def _runs(answers: Sequence[Message]) -> dict[UUID, Run]:
    """The statement that brought each answer's rows."""
    rows = Run.objects.filter(message_id__in=[one.pk for one in answers], state=Run.State.OK)
    found = rows.select_related("connection").order_by("created_at")
    return {run.message_id: run for run in found if run.message_id is not None}


def _round(answer: Message, run: Run | None, scene: Scene, dialect: str) -> Round:
    asked = answer.reply_to.content if answer.reply_to else ""
    if run is None:
        return Round(asked, outcome=answer.outcome or "")
    same = run.connection_id == scene.connection.pk or (
        run.connection is not None and run.connection.dialect == dialect
    )
    result = answer.results.order_by("-created_at").first()
    return Round(
        question=asked,
        sql=(run.sql_executed or run.sql_submitted) if same else "",
        columns=tuple(column["name"] for column in result.columns) if result else (),
        rows_count=run.rows_count,
        outcome=answer.outcome or "",
    )
