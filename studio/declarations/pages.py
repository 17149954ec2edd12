"""The writing pages: their place, the card at home, how large a form may be, the sums of days."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import HomeCard, Letter, NavigationEntry, NoticeType, Schedule
from laojun.declarations import entries
from laojun.definitions import MEBIBYTE
from studio import glances, goals, writing_stats

# The form of the writing page holds a whole chapter.
FORM_BYTES = 12 * MEBIBYTE
ACTIONS = {"writing_goal.set": _("set out to write so much")}

NOTICE = NoticeType("writing_goals", _("Writing goals that are met"), by_mail=False)
MET = Letter(
    _("Today's goal is met: %(words)s words"),
    (_("What you type from here on is a gift."),),
    notice=NOTICE.key,
    category="update",
    level="success",
)


def declare() -> None:
    entries.actions(ACTIONS)
    registry.notice_types.add(NOTICE.key, NOTICE)
    registry.letters.add(goals.LETTER, MET)
    registry.link_resolvers.add("studio_goals", _goals_page)
    entries.places(
        NavigationEntry(
            key="studio",
            label=_("Studio"),
            url_name="studio",
            icon="pen",
            order=10,
            permission="work.view",
        )
    )
    entries.schedules(
        Schedule(
            "studio.writing_days",
            writing_stats.roll,
            every_s=300,
            label=_("Sum up days of writing"),
        )
    )
    registry.body_limits.add("/studio/works/", FORM_BYTES)
    registry.home_cards.add(
        "studio",
        HomeCard("studio", "continue", "studio/_home.html", glances.continue_writing, order=10),
    )


def _goals_page(work_id: str) -> str:
    return reverse("studio_work_goals", args=[work_id]) if work_id else reverse("studio_goals")
