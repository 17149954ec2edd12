"""Why a job failed, in words for the person: what happened, where, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.registry import problems
from taishang.models import GenerationJob, Task

# Code → what happened, what to do next.
WORDS: dict[str, tuple[Any, Any]] = {
    "zip_damaged": (
        _("The archive is damaged"),
        _("Pack the project again as .zip and upload it."),
    ),
    "zip_unsupported": (
        _("This kind of ZIP cannot be read"),
        _("Pack it without a password and in one part, as an ordinary .zip."),
    ),
    "zip_unsafe": (
        _("The archive was refused"),
        _("It holds names or structures that no ordinary packer writes. Pack the folder again."),
    ),
    "zip_expands_too_much": (
        _("Unpacked it would be too large"),
        _("Leave out node_modules, build folders and media."),
    ),
    "no_source_files": (
        _("There is no source code in the archive"),
        _("Export the source code, not the built site."),
    ),
    "nothing_found": (
        _("Nothing was found that needs a back end"),
        _(
            "Upload the whole project: the files that fetch data, declare types or hold sample data."
        ),
    ),
    "evidence_failed": (
        _("No source file could be read"),
        _("Check that the files are text and were not minified."),
    ),
    "render_unsafe": (
        _("A name in the export cannot be written safely"),
        _("Rename what is named below, or tell the operator."),
    ),
    "verification_failed": (
        _("The generated back end did not pass its checks"),
        _("Open the checks to see which call or test is red."),
    ),
    "memory_exceeded": (_("The job needed too much memory"), _("Upload a smaller part.")),
    "timed_out": (_("The job took too long"), _("Try again, or upload a smaller part.")),
    "crashed": (_("The worker stopped in the middle"), _("Try again.")),
    "storage_full": (_("The storage is full"), _("Tell the operator, then try again.")),
}
UNKNOWN = (_("The job could not be finished"), _("Try again; if it stays, tell the operator."))


@dataclass(frozen=True)
class Failure:
    """For the failure card. `detail` and the place come from the stage that failed."""

    code: str
    title: Any
    remedy: Any
    detail: str = ""
    stage: str = ""
    file: str = ""
    line: int | None = None


def of(job: GenerationJob) -> Failure | None:
    """The failure of a failed job, else nothing."""
    task = job.task
    if task.state != Task.State.FAILED:
        return None
    title, remedy = WORDS.get(task.error_code, UNKNOWN)
    told = job.summary.get("error") or {}
    stages = dict(GenerationJob.Stage.choices)
    return Failure(
        code=task.error_code,
        title=title,
        remedy=remedy,
        detail=str(told.get("detail") or task.error_message),
        stage=str(stages.get(told.get("stage") or job.stage, "")),
        file=str(told.get("file") or ""),
        line=told.get("line"),
    )


def refusal(error: Exception) -> str:
    """What a form says about an error that carries a registered code."""
    problem = problems[str(getattr(error, "code", "bad_request"))]
    return f"{problem.title} — {problem.remedy}"
