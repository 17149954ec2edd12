"""The tasks behind the AI's help."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from studio.batches.deciding import KIND as BATCH
from studio.requests import tools
from studio.requests.asking import ANALYZE, GENERATE
from taishang import kinds
from taishang.runs import Run

WRITE = "studio.requests.writing.write"
RUN = "studio.batches.running.write"
GENERATE_SECONDS = 900
TOOL_SECONDS = 120
ANALYZE_SECONDS = 3_600
BATCH_SECONDS = 6 * 3_600
# A worker may die many times before a long batch is over.
BATCH_TRIES = 20
GRACE_SECONDS = 2


def _schema(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "format": "uuid"}},
        "required": [name],
        "additionalProperties": False,
    }


def declare() -> None:
    request = _schema("request_id")
    for kind, seconds, label in (
        (GENERATE, GENERATE_SECONDS, _("Write a proposal")),
        (ANALYZE, ANALYZE_SECONDS, _("Check a chapter")),
    ):
        kinds.handles(
            kind,
            request,
            queue="ai_requests",
            timeout_s=seconds,
            # A call that died is settled with what had arrived; asking again would be billed again.
            max_attempts=1,
            cancel_grace_s=GRACE_SECONDS,
            as_user=True,
            label=label,
        )(write)
    kinds.handles(
        tools.KIND,
        request,
        queue="ai_requests",
        timeout_s=TOOL_SECONDS,
        max_attempts=1,
        cancel_grace_s=GRACE_SECONDS,
        as_user=True,
        label=_("Ask text tools"),
    )(tools.run)
    kinds.handles(
        BATCH,
        _schema("batch_id"),
        queue="ai_requests",
        timeout_s=BATCH_SECONDS,
        max_attempts=BATCH_TRIES,
        cancel_grace_s=GRACE_SECONDS,
        as_user=True,
        label=_("Write chapters one after the other"),
    )(run_batch)


def write(run: Run) -> dict[str, Any] | None:
    """Bring a request to its one end."""
    found: dict[str, Any] | None = import_string(WRITE)(run)
    return found


def run_batch(run: Run) -> dict[str, Any] | None:
    """Write the chapters of a batch."""
    found: dict[str, Any] | None = import_string(RUN)(run)
    return found
