"""Books in and out: deeds of the audit log, problems, files, places."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import ConsoleRight, ConsoleTile, Letter, LimitClass, Schedule
from laojun.declarations import entries
from laojun.definitions import GIBIBYTE, INTEGER, MEBIBYTE, Definition, define
from laojun.files import Purpose, purposes
from studio import tiles
from studio.publishing import chapters, readers

DAY = 86_400
WEEK = 7 * DAY
IMPORT_CAP, EXPORT_CAP = "studio.import_max_bytes", "studio.export_max_bytes"
ACTIONS = {
    "import.begun": _("brought a book"),
    "import.adjusted": _("adjusted the plan of an import"),
    "import.confirmed": _("confirmed an import"),
    "import.cancelled": _("let an import go"),
    "import.undone": _("took an import back"),
    "work.exported": _("exported a work"),
    "publication.opened": _("opened a work to readers"),
    "publication.closed": _("hid a work from readers"),
    "chapter.published": _("published a chapter"),
    "chapter.scheduled": _("scheduled a chapter"),
    "chapter.withdrawn": _("withdrew a chapter from readers"),
}
PROBLEMS = (
    (
        "import_unreadable",
        422,
        _("The file cannot be read as a book"),
        _("`reason` says what is wrong; save it as txt, md, docx or epub and bring it again."),
    ),
    (
        "archive_refused",
        422,
        _("The document is not opened for its own sake"),
        _("`rule` names what it breaks; save it anew with a word processor."),
    ),
    (
        "pattern_invalid",
        400,
        _("The pattern is no regular expression"),
        _("Mend what `detail` names."),
    ),
    (
        "pattern_too_slow",
        422,
        _("The pattern takes too long"),
        _("Avoid repetitions inside repetitions."),
    ),
    (
        "no_such_piece",
        400,
        _("The plan has no such piece or line"),
        _("Load the plan again: pieces are counted from 0."),
    ),
    (
        "import_state",
        409,
        _("The import is in another state"),
        _("`state` is the present one."),
    ),
    (
        "nothing_to_import",
        409,
        _("Every piece is skipped"),
        _("Keep at least one chapter."),
    ),
    (
        "font_missing",
        422,
        _("No font on this machine can write Chinese"),
        _("An operator installs fonts-noto-cjk, or names folders in STUDIO_FONT_DIRS."),
    ),
)
READER_PROBLEMS = (
    (
        "publication_closed",
        409,
        _("The work is not open to readers"),
        _("Open it first, then publish its chapters."),
    ),
    (
        "already_live",
        409,
        _("Readers have exactly this text"),
        _("Nothing needs to be done."),
    ),
    (
        "publication_state",
        409,
        _("A chapter in this state cannot go there"),
        _("`state` is the present one."),
    ),
)
SETTINGS = (
    (IMPORT_CAP, 50 * MEBIBYTE, _("Books that people bring, each")),
    (EXPORT_CAP, 200 * MEBIBYTE, _("Exported books, each")),
)
CAME_OUT = Letter(
    _("“%(chapter)s” is published"),
    (_("The scheduled chapter of “%(work)s” is open to readers."),),
    _("See the publication"),
    category="task",
    level="success",
)
MULTIPART_ROOM = MEBIBYTE
LIKES = LimitClass("studio.like", _("Liking and reading chapters"), 30, 60, "network")


def declare() -> None:
    entries.actions(ACTIONS)
    entries.problems(PROBLEMS)
    entries.problems(READER_PROBLEMS)
    for key, default, title in SETTINGS:
        define(
            Definition(
                key=key,
                kind=INTEGER,
                default=default,
                low=MEBIBYTE,
                high=GIBIBYTE,
                group="studio",
                title=title,
                unit="B",
            )
        )
    purposes.add(
        "studio.import", Purpose(_("books that people bring"), None, IMPORT_CAP, lifetime_s=WEEK)
    )
    purposes.add("studio.export", Purpose(_("exported books"), None, EXPORT_CAP, lifetime_s=WEEK))
    for path in ("/api/v1/work-imports/", "/studio/imports/"):
        registry.body_limits.add(path, 100 * MEBIBYTE + MULTIPART_ROOM)
    registry.limit_classes.add("studio.like", LIKES)
    registry.page_limits.add("studio_read_like", {"POST": ("studio.like",)})
    registry.page_limits.add("studio_read_note", {"POST": ("studio.like",)})
    entries.schedules(
        Schedule(
            "studio.publish_due",
            chapters.publish_due,
            every_s=60,
            label=_("Publish scheduled chapters"),
        ),
        Schedule("studio.readers", readers.roll, every_s=60, label=_("Count readers")),
    )
    registry.letters.add(chapters.LETTER, CAME_OUT)
    registry.link_resolvers.add(
        "studio_publication", lambda work_id: reverse("studio_publication", args=[work_id])
    )
    registry.link_resolvers.add("work_import", _import_page)
    registry.link_resolvers.add("work_export", _export_page)
    registry.console_tiles.add(
        "studio_exports",
        ConsoleTile(
            "studio_exports", _("Exports today"), "download", tiles.exports, 47, "studio.operate"
        ),
    )
    registry.console_rights.add("studio.import", ConsoleRight("studio.operate", "studio.operate"))


def _import_page(number: str) -> str:
    return reverse("studio_import_of_task", args=[number])


def _export_page(number: str) -> str:
    return reverse("studio_export_done", args=[number])
