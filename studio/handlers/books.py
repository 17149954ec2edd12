"""Books on their way in and out."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from studio.exporting.writing import FORMATS
from taishang import kinds
from taishang.runs import Run

UUID = {"type": "string", "format": "uuid"}
IMPORT = {
    "type": "object",
    "properties": {"work_import": UUID, "step": {"enum": ["read", "write"]}},
    "required": ["work_import", "step"],
    "additionalProperties": False,
}
EXPORT = {
    "type": "object",
    "properties": {
        "work": UUID,
        "format": {"enum": list(FORMATS)},
        "chapters": {"type": "array", "items": UUID, "maxItems": 10_000},
        "volume": UUID,
        "published": {"type": "boolean"},
        "author": {"type": "string", "maxLength": 150},
        "title_page": {"type": "boolean"},
        "contents": {"type": "boolean"},
        "numbers": {"type": "boolean"},
        "indent": {"type": "boolean"},
        "scene_break": {"type": "string", "maxLength": 20},
        "encoding": {"enum": ["utf-8", "utf-16", "gb18030", "big5"]},
    },
    "required": ["work", "format"],
    "additionalProperties": False,
}


def declare() -> None:
    kinds.handles(
        "studio.import",
        IMPORT,
        timeout_s=900,
        max_attempts=3,
        as_user=True,
        tells="work_import",
        label=_("Import a book"),
    )(partial(_run, "studio.importing.running.run"))
    kinds.handles(
        "studio.export",
        EXPORT,
        timeout_s=900,
        max_attempts=3,
        as_user=True,
        tells="work_export",
        label=_("Export a book"),
    )(partial(_run, "studio.exporting.running.run"))


def _run(path: str, run: Run) -> Any:
    """Loaded at the first run: a starting process needs no reader and no writer."""
    return import_string(path)(run)
