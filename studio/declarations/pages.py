"""The writing pages: their place, the card at home, how large a form may be, the sums of days."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import HomeCard, NavigationEntry, Schedule
from laojun.declarations import entries
from laojun.definitions import MEBIBYTE
from studio import glances, writing_stats

# The form of the writing page holds a whole chapter.
FORM_BYTES = 12 * MEBIBYTE
ACTIONS = {"writing_goal.set": _("set out to write so much")}


def declare() -> None:
    entries.actions(ACTIONS)
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
