"""Statements that a person wrote, and files that people bring, handed to workers."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from taishang import kinds
from taishang.runs import Run

RUN = "querygpt.run"
IMPORT = "querygpt.import_file"
SCHEMA = {
    "type": "object",
    "properties": {
        "connection": {"type": "string", "format": "uuid"},
        "sql": {"type": "string", "maxLength": 40_000},
        "max_rows": {"type": ["integer", "null"], "minimum": 1, "maximum": 50_000},
        "timeout_seconds": {"type": ["integer", "null"], "minimum": 1, "maximum": 120},
        "origin": {"enum": ["edited", "api"]},
    },
    "required": ["connection", "sql", "origin"],
    "additionalProperties": False,
}
FILE = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "uuid"}},
    "required": ["file"],
    "additionalProperties": False,
}
TIMEOUT_SECONDS = 180


def declare() -> None:
    kinds.handles(
        RUN,
        SCHEMA,
        queue="ai_requests",
        timeout_s=TIMEOUT_SECONDS,
        # A statement that was cut off is not sent a second time: its person waits, and may ask again.
        max_attempts=1,
        cancel_grace_s=2,
        as_user=True,
        wipe_payload=True,
        label=_("Run a statement"),
    )(partial(_run, "querygpt.runs.run_task"))
    kinds.handles(
        IMPORT,
        FILE,
        timeout_s=TIMEOUT_SECONDS,
        max_attempts=2,
        as_user=True,
        tells="connection",
        label=_("Read a database file"),
    )(partial(_run, "querygpt.uploads.import_file"))


def _run(path: str, run: Run) -> Any:
    return import_string(path)(run)
