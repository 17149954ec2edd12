"""Tasks of vector collections, on a queue of their own.

The operations are imported at their first run: they bring numpy, which a starting process does not need.
"""

from functools import partial
from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from taishang import kinds
from taishang.runs import Run

QUEUE = "vectors"
COLLECTION = {"collection": {"type": "integer"}}
DELETION = {
    "type": "object",
    "properties": {
        **COLLECTION,
        "filter": {"type": "object"},
        "namespace": {"type": "string", "maxLength": 128},
        "all": {"const": True},
    },
    "required": ["collection"],
    "additionalProperties": False,
}


def declare() -> None:
    kinds.handles(
        "vectors.delete",
        DELETION,
        queue=QUEUE,
        timeout_s=3600,
        tells="task",
        label=_("Delete vectors"),
    )(_at("clearing.run"))


def _at(path: str) -> kinds.Handler:
    return partial(_run, f"taishang.vectors.{path}")


def _run(path: str, run: Run) -> Any:
    return import_string(path)(run)
