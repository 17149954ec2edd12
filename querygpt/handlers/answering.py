"""The task behind every question."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import WarmUp
from querygpt import planner
from querygpt.answering.asking import KIND, WISHES
from querygpt.answering.story import TOLD
from taishang import kinds
from taishang.runs import Run

# By its path: parsers of SQL load when a question is answered, not at start.
ANSWER = "querygpt.answering.answer.answer"
POOL = "querygpt.execution.pool.pool"
QUEUE = "ai_requests"
# A process that runs tasks runs one at a time.
WARM_CHILDREN = 1
TIMEOUT_SECONDS = 180
ATTEMPTS = 2
GRACE_SECONDS = 2
SCHEMA = {
    "type": "object",
    "properties": {
        "message_id": {"type": "string", "format": "uuid"},
        "engine": {"enum": list(WISHES)},
        "timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 120},
    },
    "required": ["message_id"],
    "additionalProperties": False,
}


def declare() -> None:
    kinds.handles(
        KIND,
        SCHEMA,
        queue=QUEUE,
        timeout_s=TIMEOUT_SECONDS,
        max_attempts=ATTEMPTS,
        cancel_grace_s=GRACE_SECONDS,
        as_user=True,
        events=(TOLD,),
        label=_("Answer a question"),
    )(answer)
    registry.warm_ups.add("querygpt.answer", WarmUp(QUEUE, load, stand_by))


def load() -> None:
    """What every question needs, in the process that the others are forked from."""
    import_string(ANSWER)
    planner.warm()


def stand_by() -> None:
    """The first statement finds its child waiting."""
    import_string(POOL).stand_by(WARM_CHILDREN)


def answer(run: Run) -> dict[str, Any] | None:
    """Bring the answer of a message to its one end."""
    return import_string(ANSWER)(run)
