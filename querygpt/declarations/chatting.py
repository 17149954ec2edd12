"""Asking questions: deeds of the audit log, problems, settings, limits, the page, the card at home, what runs by itself."""

from functools import partial

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import ConsoleTile, HomeCard, NavigationEntry, Schedule
from laojun.declarations import entries
from laojun.definitions import GIBIBYTE, GLOBAL, INTEGER, MEBIBYTE, WORKSPACE, Definition, define
from laojun.files import Purpose, purposes
from laojun.plugins import points
from laojun.plugins.hooks import hooks
from querygpt import glances, tiles
from querygpt.answering import stopping
from querygpt.results import storing

ACTIONS = {
    "conversation.created": _("began a conversation"),
    "conversation.changed": _("changed a conversation"),
    "conversation.deleted": _("deleted a conversation"),
    "conversation.restored": _("restored a conversation"),
    "conversation.removed": _("deleted a conversation for good"),
    "conversation.asked": _("asked a question"),
    "conversation.answer_stopped": _("stopped an answer"),
    "conversation.rated": _("rated an answer"),
    "conversation.chart_changed": _("changed the chart of an answer"),
    "conversation.write_refused": _("asked for a change of data, which was refused"),
    "result.exported": _("exported a result"),
}
PROBLEMS = (
    (
        "answer_running",
        409,
        _("An answer of this conversation is under way"),
        _("Wait for it, or stop it first."),
    ),
    (
        "no_connection",
        409,
        _("The conversation has no database to ask"),
        _("Choose a database that you may ask."),
    ),
    ("archived", 409, _("The conversation is archived"), _("Reopen it to go on.")),
    (
        "no_such_option",
        409,
        _("The answer offers no such reading"),
        _("Choose one of the numbers that it lists, from 0 on."),
    ),
    (
        "result_expired",
        410,
        _("The rows are no longer kept"),
        _("Ask for the answer again."),
    ),
    (
        "result_unreadable",
        409,
        _("The stored rows cannot be read"),
        _("Ask for the answer again."),
    ),
    (
        "chart_refused",
        422,
        _("This chart cannot be drawn from the result"),
        _("Name columns of the result, and numbers for the values."),
    ),
)
BOTH = frozenset({GLOBAL, WORKSPACE})
# Key, default, lowest, highest, capped, title, unit.
SETTINGS = (
    ("result_days", 7, 1, 90, False, _("Results of questions are kept"), _("days")),
    (
        "result_bytes",
        GIBIBYTE,
        MEBIBYTE,
        1024 * GIBIBYTE,
        True,
        _("Results of questions, in all"),
        "B",
    ),
    ("attempts", 3, 1, 4, False, _("Attempts of a model at one question"), ""),
)
RESULT_BYTES_CAP = "querygpt.result_file_bytes"


def declare() -> None:
    entries.actions(ACTIONS)
    entries.problems(PROBLEMS)
    entries.places(
        NavigationEntry(
            key="query",
            label=_("Query"),
            url_name="query",
            icon="question",
            order=20,
            permission="conversation.view",
        )
    )
    _declare_settings()
    hooks.add(points.POST_PROCESSOR.name, points.POST_PROCESSOR)
    purposes.add(
        storing.PURPOSE,
        Purpose(_("Results of questions"), None, cap_key=RESULT_BYTES_CAP),
    )
    entries.schedules(
        Schedule("querygpt.stuck_answers", stopping.sweep, every_s=stopping.EVERY_SECONDS),
        Schedule(
            "querygpt.results", storing.sweep, every_s=600, label=_("Expire results of questions")
        ),
    )
    registry.home_cards.add(
        "query",
        HomeCard("query", "continue", "query/_home.html", glances.last_conversations, order=15),
    )
    registry.console_tiles.add(
        "questions",
        ConsoleTile(
            "questions", _("Questions today"), "question", tiles.questions, 17, "querygpt.operate"
        ),
    )
    registry.link_resolvers.add("conversation", partial(_page, "query_conversation"))


def _declare_settings() -> None:
    for name, default, low, high, capped, title, unit in SETTINGS:
        define(
            Definition(
                key=f"querygpt.{name}",
                kind=INTEGER,
                default=default,
                low=low,
                high=high,
                scopes=BOTH,
                capped=capped,
                group="querygpt",
                title=title,
                unit=unit,
            )
        )
    define(
        Definition(
            key=RESULT_BYTES_CAP,
            kind=INTEGER,
            default=32 * MEBIBYTE,
            low=MEBIBYTE,
            high=GIBIBYTE,
            group="querygpt",
            title=_("Largest result of a question"),
            unit="B",
        )
    )


def _page(name: str, number: str) -> str:
    return reverse(name, args=[number])
