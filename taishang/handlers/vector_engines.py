"""Tasks of the engines that rank vectors: publication, a new generation, reconciliation."""

from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from taishang import kinds
from taishang.runs import Run
from taishang.vectors import outbox

COLLECTION = {
    "type": "object",
    "properties": {"collection": {"type": "integer", "minimum": 1}},
    "required": ["collection"],
    "additionalProperties": False,
}
HEAVY_SECONDS = 6 * 3600


def declare() -> None:
    kinds.handles(
        outbox.PUBLISH,
        COLLECTION,
        queue="vectors",
        timeout_s=HEAVY_SECONDS,
        events=("published", "postponed", "parked", "damaged"),
        label=_("Send changes to the vector engine"),
    )(publish)
    kinds.handles(
        outbox.REBUILD,
        COLLECTION,
        queue="vectors",
        timeout_s=HEAVY_SECONDS,
        events=("phase", "swapped", "cleaned"),
        label=_("Build the vector engine's index anew"),
    )(rebuild_engine)
    kinds.handles(
        outbox.RECONCILE,
        COLLECTION,
        queue="vectors",
        timeout_s=HEAVY_SECONDS,
        max_attempts=5,
        events=("compared",),
        label=_("Compare the vector engine with the database"),
    )(reconcile)


def publish(run: Run) -> dict[str, Any]:
    return _task("publishing.publish")(run)


def rebuild_engine(run: Run) -> dict[str, Any]:
    return _task("rebuilding.rebuild")(run)


def reconcile(run: Run) -> dict[str, Any]:
    return _task("reconciling.reconcile")(run)


def _task(name: str) -> Callable[[Run], dict[str, Any]]:
    """Loaded at the first run: these modules bring numpy, which a web process may never need."""
    return import_string(f"taishang.vectors.{name}")
