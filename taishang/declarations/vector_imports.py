"""What imports of vectors tell the registries: a setting, problems, purposes of files, an audited deed."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import Schedule
from laojun import files
from laojun.declarations import entries
from laojun.definitions import GLOBAL, INTEGER, WORKSPACE, Definition, define
from laojun.files import Purpose
from taishang.models import Task
from taishang.vectors.importing import sweeping

MAX_BYTES = 2 * 1024**3
MULTIPART_ROOM = 1024**2
PROBLEMS = (
    (
        "unsupported_format",
        415,
        _("The file has a format that cannot be imported"),
        _("Send JSON lines, Parquet or NPY, and name the format that the file has."),
    ),
    (
        "import_file_refused",
        422,
        _("The file cannot be imported"),
        _("See `reason` and the detail; write the file anew without it."),
    ),
)


def declare() -> None:
    entries.problems(PROBLEMS)
    entries.actions({"vector_collection.import": _("imported rows into a vector collection")})
    define(
        Definition(
            key="vectors.import_max_bytes",
            kind=INTEGER,
            default=MAX_BYTES,
            low=1024,
            high=MAX_BYTES,
            scopes=frozenset({GLOBAL, WORKSPACE}),
            capped=True,
            group="vectors",
            title=_("Largest file of an import"),
            unit="bytes",
        )
    )
    files.purposes.add(
        sweeping.UPLOAD,
        Purpose(_("vector import"), None, "vectors.import_max_bytes", is_open=True),
    )
    files.purposes.add(
        sweeping.REJECTED, Purpose(_("rejected rows"), None, "vectors.import_max_bytes")
    )
    registry.body_limits.add("/vectors/", MAX_BYTES + MULTIPART_ROOM)
    registry.link_resolvers.add("vector_import", _page)
    entries.schedules(
        Schedule("vectors.imports", sweeping.sweep, every_s=60, queue="vectors"),
    )


def _page(task_id: str) -> str:
    """The imports of the collection that a task writes."""
    number = Task.objects.filter(pk=task_id).values_list("subject_id", flat=True).first()
    return reverse("vector_imports", args=[number]) if number else reverse("vectors")
