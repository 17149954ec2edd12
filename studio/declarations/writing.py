"""Works, chapters, versions: deeds of the audit log, problems, settings, limits, letters, what runs by itself."""

from functools import partial

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import (
    ConsoleRight,
    ConsoleTile,
    Letter,
    LimitClass,
    NoticeType,
    Schedule,
)
from laojun.declarations import entries
from laojun.definitions import GIBIBYTE, GLOBAL, INTEGER, MEBIBYTE, WORKSPACE, Definition, define
from studio import bin, operating, recounting, tiles, versions, works
from studio.keeping import RETENTION_DAYS
from studio.locks import LETTER as TAKEN_OVER

ACTIONS = {
    "work.created": _("began a work"),
    "work.changed": _("changed what is told of a work"),
    "work.binned": _("put a work into the bin"),
    "work.restored": _("brought a work back from the bin"),
    "work.purged": _("deleted a work for good"),
    "work.transferred": _("handed a work over"),
    "work.opened": _("opened somebody else's work"),
    "work.texts_opened": _("opened the texts of a work for an hour"),
    "work.index_rebuilt": _("made the index of a work anew"),
    "work.recounted": _("counted a work again"),
    "work.arranged": _("changed the order of a work"),
    "volume.created": _("added a volume"),
    "volume.changed": _("changed a volume"),
    "volume.binned": _("put a volume into the bin"),
    "volume.restored": _("brought a volume back from the bin"),
    "chapter.created": _("added a chapter"),
    "chapter.marked": _("changed the marks of a chapter"),
    "chapter.binned": _("put a chapter into the bin"),
    "chapter.restored": _("brought a chapter back from the bin"),
    "chapter.split": _("split a chapter"),
    "chapter.merged": _("joined two chapters"),
    "chapter.lock_taken": _("took over a chapter that somebody was editing"),
    "chapter.lock_released": _("let go of somebody's edit lock"),
    "version.kept": _("kept a version"),
    "version.named": _("named a version"),
    "version.restored": _("brought a version back"),
}
PROBLEMS = (
    (
        "chapter_stale",
        412,
        _("Somebody changed the chapter meanwhile"),
        _("Keep your text as a version, merge it with `current`, then save on its revision."),
    ),
    (
        "lock_lost",
        409,
        _("Somebody took over editing this chapter"),
        _("Keep your text as a version, then take the chapter over again or merge."),
    ),
    (
        "lock_held",
        409,
        _("Somebody is editing this chapter"),
        _("Read along, or take it over."),
    ),
    (
        "chapter_in_bin",
        409,
        _("The chapter lies in the bin"),
        _("Bring it back, then save again."),
    ),
    (
        "chapter_too_large",
        413,
        _("The chapter is too long"),
        _("Split it; the rest of your text is safe."),
    ),
    (
        "invalid_text",
        400,
        _("The text holds a character that cannot be stored"),
        _("Remove what stands at `offset`."),
    ),
    (
        "digest_mismatch",
        400,
        _("The text arrived damaged"),
        _("Send it again."),
    ),
    (
        "order_conflict",
        409,
        _("These things cannot be put there"),
        _("Load the outline again and choose a place in it."),
    ),
    (
        "published",
        409,
        _("The work is published"),
        _("Withdraw it first."),
    ),
    (
        "in_no_bin",
        409,
        _("This does not lie in the bin"),
        _("Nothing needs to be done."),
    ),
    (
        "title_differs",
        409,
        _("The typed title is not that of the work"),
        _("Type the title as it is shown."),
    ),
)
LIMITS = (LimitClass("studio.save", _("Saving one chapter"), 60, 60, "tab"),)
BOTH = frozenset({GLOBAL, WORKSPACE})
SETTINGS = (
    Definition(
        key=RETENTION_DAYS,
        kind=INTEGER,
        default=30,
        low=7,
        high=3650,
        scopes=BOTH,
        group="studio",
        title=_("Unnamed versions of chapters are kept"),
        unit=_("days"),
    ),
    Definition(
        key=versions.MAX_BYTES,
        kind=INTEGER,
        default=200 * MEBIBYTE,
        low=MEBIBYTE,
        high=100 * GIBIBYTE,
        group="studio",
        title=_("Versions of one chapter, in all"),
        unit="B",
    ),
)
LETTER = Letter(
    _("%(name)s now edits “%(chapter)s”"),
    (
        _("You were editing this chapter. It can be read, and taken over again."),
        _("What you had not saved is kept on your device and among the versions."),
    ),
    notice="editing",
    category="update",
)
LETTERS = {
    TAKEN_OVER: LETTER,
    bin.LETTER: Letter(
        _("“%(work)s” leaves the bin in three days"),
        (
            _("Then it is deleted for good, named versions too."),
            _("Bring it back if you want to keep it."),
        ),
        _("Open the bin"),
        category="reminder",
        level="warning",
    ),
    versions.LETTER: Letter(
        _("Old versions of “%(chapter)s” made room: %(count)s"),
        (
            _("The versions of this chapter held more than is kept of one chapter."),
            _("Versions with a name stay for ever."),
        ),
        _("Open the work"),
        notice="editing",
        category="update",
    ),
}
CONFLICT = Letter(
    _("Your text of “%(chapter)s” is kept beside another one"),
    (
        _("Somebody had changed the chapter meanwhile, so yours became a version of its own."),
        _("Compare the two and join them."),
    ),
    _("See the versions"),
    notice="editing",
    category="update",
    level="warning",
)
HANDED_OVER = Letter(
    _("“%(work)s” is yours now"),
    (_("%(who)s handed it over to you and stays as an editor."),),
    _("Open the work"),
    category="update",
)
TAKEN_DOWN = Letter(
    _("“%(work)s” was taken down by an operator"),
    (_("Readers no longer find it. The reason: %(reason)s"), _("Your text is untouched.")),
    _("See the publication"),
    category="system",
    level="warning",
)
GLASS_BROKEN = Letter(
    _("An operator opened the texts of “%(work)s”"),
    (
        _("For 60 minutes they can be read there. The reason: %(reason)s"),
        _("The audit log of your workspace has the entry."),
    ),
    _("Open the work"),
    category="security",
    level="warning",
)
LETTERS |= {
    versions.CONFLICT: CONFLICT,
    works.HANDED_OVER: HANDED_OVER,
    operating.TAKEN_DOWN: TAKEN_DOWN,
    operating.GLASS_BROKEN: GLASS_BROKEN,
}
# A chapter of two million code points, escaped in JSON.
BODY_BYTES = 12 * MEBIBYTE
CONSOLE = ("work", "chapter", "chapterversion", "publication")


def declare() -> None:
    entries.actions(ACTIONS)
    entries.problems(PROBLEMS)
    for limit in LIMITS:
        registry.limit_classes.add(limit.name, limit)
    registry.page_limits.add("studio_save", {"POST": ("studio.save",)})
    for setting in SETTINGS:
        define(setting)
    registry.body_limits.add("/api/v1/chapters/", BODY_BYTES)
    registry.body_limits.add("/api/v1/works/", BODY_BYTES)
    notice = NoticeType("editing", _("Chapters that others change or take over"))
    registry.notice_types.add(notice.key, notice)
    for key, letter in LETTERS.items():
        registry.letters.add(key, letter)
    registry.link_resolvers.add("work", partial(_page, "studio_work"))
    registry.link_resolvers.add("studio_chapter", partial(_of_chapter, "studio_chapter"))
    registry.link_resolvers.add("studio_versions", partial(_of_chapter, "studio_versions"))
    registry.link_resolvers.add("studio_bin", lambda _number: reverse("studio_bin"))
    entries.schedules(
        Schedule(
            "studio.recount",
            recounting.weekly,
            cron="50 4 * * 1",
            label=_("Count a part of the works again"),
        ),
        Schedule(
            "studio.bin_notices",
            bin.warn_today,
            cron="10 6 * * *",
            label=_("Tell whose works leave the bin"),
        ),
    )
    registry.console_tiles.add(
        "studio", ConsoleTile("studio", _("Saves today"), "pen", tiles.saves, 18, "studio.operate")
    )
    registry.console_tiles.add(
        "studio_held",
        ConsoleTile("studio_held", _("Versions"), "clock", tiles.held, 46, "studio.operate"),
    )
    for model in CONSOLE:
        registry.console_rights.add(
            f"studio.{model}", ConsoleRight("studio.operate", "studio.operate")
        )


def _page(name: str, number: str) -> str:
    return reverse(name, args=[number])


def _of_chapter(name: str, place: str) -> str:
    """Of a place that is `work/chapter`."""
    return reverse(name, args=place.split("/"))
