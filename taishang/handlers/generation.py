"""Tasks of generation: a job, its application to a project, an undone version."""

from django.utils.translation import gettext_lazy as _

from taishang import kinds
from taishang.generation import applying, running
from taishang.runs import Run

APPLICATION_SCHEMA = {
    "type": "object",
    "properties": {
        "job": {"type": "string", "format": "uuid"},
        "mode": {"enum": ["apply", "merge"]},
        "selection": {
            "type": "object",
            "properties": {
                name: {"type": "array", "items": {"type": "string"}, "maxItems": 5000}
                for name in ("endpoints", "models", "files")
            },
            "additionalProperties": False,
        },
        "resolutions": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"enum": ["ours", "theirs"]}},
        },
        "message": {"type": "string", "maxLength": 500},
    },
    "required": ["job", "mode"],
    "additionalProperties": False,
}
REVERSAL_SCHEMA = {
    "type": "object",
    "properties": {"version": {"type": "integer"}},
    "required": ["version"],
    "additionalProperties": False,
}


def declare() -> None:
    kinds.handles(
        "generation",
        queue="generation",
        timeout_s=600,
        cancel_grace_s=5,
        as_user=True,
        events=running.EVENTS,
        tells="generation_job",
        label=_("Generate a back end"),
    )(generation)
    kinds.handles(
        "generation_application",
        APPLICATION_SCHEMA,
        queue="generation",
        timeout_s=300,
        cancel_grace_s=5,
        as_user=True,
        events=running.EVENTS,
        tells="task",
        label=_("Apply a generated back end"),
    )(generation_application)
    kinds.handles(
        "generation_reversal",
        REVERSAL_SCHEMA,
        queue="generation",
        timeout_s=300,
        cancel_grace_s=5,
        as_user=True,
        events=running.EVENTS,
        tells="task",
        label=_("Undo a version"),
    )(generation_reversal)


def generation(run: Run) -> None:
    running.generate(run)


def generation_application(run: Run) -> None:
    applying.run_application(run)


def generation_reversal(run: Run) -> None:
    applying.run_reversal(run)
