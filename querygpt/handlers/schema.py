"""Tasks about what is known of a database: its structure, the values of its columns, what still holds."""

from functools import partial
from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from taishang import kinds
from taishang.runs import Run

CONNECTION = {
    "type": "object",
    "properties": {"connection": {"type": "string", "format": "uuid"}},
    "required": ["connection"],
    "additionalProperties": False,
}
# Kind, what runs it, queue, seconds, attempts, label.
KINDS = (
    (
        "querygpt.schema_refresh",
        "querygpt.schema.tasks.run_refresh",
        "default",
        120,
        2,
        _("Read the structure of a database"),
    ),
    (
        "querygpt.value_index",
        "querygpt.schema.tasks.run_values",
        "vectors",
        1800,
        2,
        _("Read the values of a database"),
    ),
    (
        "querygpt.health",
        "querygpt.sweeping.look",
        "maintenance",
        60,
        3,
        _("Look whether a database answers"),
    ),
    (
        "querygpt.revalidate",
        "querygpt.knowledge.revalidating.run",
        "maintenance",
        1800,
        3,
        _("Check terms and examples"),
    ),
)


def declare() -> None:
    for name, path, queue, seconds, attempts, label in KINDS:
        kinds.handles(
            name,
            CONNECTION,
            queue=queue,
            timeout_s=seconds,
            max_attempts=attempts,
            as_user=True,
            label=label,
        )(partial(_run, path))


def _run(path: str, run: Run) -> Any:
    """Loaded at the first run: a starting process needs none of it."""
    return import_string(path)(run)
