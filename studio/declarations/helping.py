"""The AI's help: deeds of the audit log, problems, limits, letters, pages, what runs by itself."""

from __future__ import annotations

from functools import partial

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import ConsoleRight, ConsoleTile, Letter, LimitClass, NoticeType, Schedule
from laojun.declarations import entries
from laojun.plugins import points
from laojun.plugins.hooks import hooks
from studio import tiles
from studio.agents import sharing
from studio.proposals import expiring
from studio.requests import finishing, sweeping
from studio.requests.asking import SUBJECT
from taishang.gateway import subjects

ACTIONS = {
    "ai_request.asked": _("asked the AI for help"),
    "ai_request.stopped": _("stopped the AI"),
    "ai_request.texts_erased": _("erased the texts of an AI request"),
    "proposal.accepted": _("took a proposal of the AI"),
    "proposal.discarded": _("refused a proposal of the AI"),
    "finding.decided": _("decided on a remark"),
    "chat.created": _("began a talk with the AI"),
    "chat.changed": _("changed a talk with the AI"),
    "chat.deleted": _("deleted a talk with the AI"),
    "agent.created": _("made a writing agent"),
    "agent.changed": _("changed a writing agent"),
    "agent.deleted": _("deleted a writing agent"),
    "agent.restored": _("brought a writing agent back from the bin"),
    "agent.shared": _("shared a writing agent"),
    "agent.share_ended": _("ended the sharing of a writing agent"),
    "agent.imported": _("copied a shared writing agent"),
    "agent.rated": _("rated a writing agent"),
    "batch.started": _("started a batch of chapters"),
    "batch.paused": _("paused a batch of chapters"),
    "batch.resumed": _("let a batch of chapters go on"),
    "batch.cancelled": _("cancelled a batch of chapters"),
    "batch.changed": _("left a chapter out of a batch"),
}
PROBLEMS = (
    (
        "context_changed",
        409,
        _("What would be sent has changed since it was shown"),
        _("Look at the new preview and send again."),
    ),
    (
        "ai_request_running",
        409,
        _("The AI is already writing this for you"),
        _("Watch it, or stop it first."),
    ),
    ("ai_request_live", 409, _("The AI is still writing"), _("Stop it first.")),
    (
        "ai_suggestions_off",
        409,
        _("The AI's help is switched off for this work"),
        _("Switch it on in the settings of the work."),
    ),
    (
        "ai_interrupted",
        503,
        _("The work was interrupted"),
        _("What had arrived was kept. Ask again."),
    ),
    (
        "passage_required",
        400,
        _("There is no text to work on"),
        _("Select a passage first, or write something in the chapter."),
    ),
    (
        "agent_mode",
        400,
        _("This agent answers in another form"),
        _("Choose an agent for this kind of help."),
    ),
    (
        "proposal_closed",
        409,
        _("The proposal was decided before"),
        _("Open the chapter to see what became of it."),
    ),
    (
        "proposal_stale",
        409,
        _("The passage has changed since the proposal was made"),
        _("Select what the proposal shall replace and put it there, or ask again."),
    ),
    (
        "text_tool_failed",
        503,
        _("No text tool gave an answer that fits"),
        _("Ask again, or look at the plugin's calls."),
    ),
    (
        "finding_state",
        409,
        _("The remark is in another state"),
        _("Read it again."),
    ),
    (
        "variable_unknown",
        400,
        _("The prompt names a variable that does not exist"),
        _("Use one of the listed variables, or declare it."),
    ),
    ("own_agent", 409, _("You cannot rate your own agent"), _("Rate agents of others.")),
    (
        "batch_running",
        409,
        _("The work has a batch that is not over"),
        _("Wait for it, or cancel it."),
    ),
    ("batch_state", 409, _("The batch is in another state"), _("Read it again.")),
    (
        "synopsis_required",
        409,
        _("A chapter has no synopsis to be written from"),
        _("Write a synopsis for each chosen chapter."),
    ),
)
NOTICE = NoticeType("batch", _("Batches of chapters that are done or rest"))
LETTERS = {
    "batch_done": Letter(
        _("The chapters are written"),
        (_("The batch of “%(work)s” is done."), _("Read what was written.")),
        _("See the batch"),
        "batch",
        category="task",
        level="success",
    ),
    "batch_paused": Letter(
        _("A batch of chapters rests"),
        (_("The batch of “%(work)s” stopped at a chapter."), _("See why, and let it go on.")),
        _("See the batch"),
        "batch",
        category="task",
        level="warning",
    ),
}
ANSWERS = NoticeType("studio_ai", _("Answers of the AI while I am away"), by_mail=False)
LETTERS |= {
    "batch_budget": Letter(
        _("A batch has used four fifths of its budget"),
        (
            _("The batch of “%(work)s” nears its cost limit."),
            _("It rests before the call that could pass the limit."),
        ),
        _("See the batch"),
        "batch",
        category="task",
        level="warning",
    ),
    finishing.DONE: Letter(
        _("The AI has answered: %(kind)s"),
        (_("A proposal for “%(work)s” waits for your decision."),),
        _("See it"),
        ANSWERS.key,
        category="task",
        level="success",
    ),
    finishing.PARTIAL: Letter(
        _("The AI's answer broke off: %(kind)s"),
        (_("What had arrived for “%(work)s” is kept as a proposal."),),
        _("See it"),
        ANSWERS.key,
        category="task",
        level="warning",
    ),
    finishing.FAILED: Letter(
        _("The AI could not answer: %(kind)s"),
        (_("Your text of “%(work)s” is untouched."), _("See why, and ask again.")),
        _("See it"),
        ANSWERS.key,
        category="task",
        level="error",
    ),
    sharing.LETTER: Letter(
        _("The share code of “%(agent)s” ends in three days"),
        (_("Share the agent again if others shall still copy it."),),
        _("See the agent"),
        category="reminder",
    ),
}
CODES = LimitClass("studio.share_code", _("Share codes tried"), 10, 60, "caller", strict=True)
CONSOLE = ("agent", "airequest", "batch")


def declare() -> None:
    entries.actions(ACTIONS)
    entries.problems(PROBLEMS)
    for notice in (NOTICE, ANSWERS):
        registry.notice_types.add(notice.key, notice)
    for name, letter in LETTERS.items():
        registry.letters.add(name, letter)
    registry.limit_classes.add(CODES.name, CODES)
    registry.link_resolvers.add("studio_agent", partial(_page, "studio_agent"))
    registry.link_resolvers.add("studio_batch", partial(_page, "studio_batch"))
    hooks.add(points.TEXT_TOOL.name, points.TEXT_TOOL)
    subjects.receivers.add(SUBJECT, finishing.orphaned)
    registry.console_tiles.add(
        "studio_ai",
        ConsoleTile(
            "studio_ai", _("AI in novels today"), "spark", tiles.answers, 48, "studio.operate"
        ),
    )
    for model in CONSOLE:
        registry.console_rights.add(
            f"studio.{model}", ConsoleRight("studio.operate", "studio.operate")
        )
    entries.schedules(
        Schedule("studio.stuck_requests", sweeping.sweep, every_s=sweeping.EVERY_SECONDS),
        Schedule(
            "studio.share_notices",
            sharing.warn_today,
            cron="20 6 * * *",
            label=_("Tell whose share codes end"),
        ),
        Schedule(
            "studio.proposals",
            expiring.expire,
            every_s=24 * 3_600,
            label=_("Close proposals that nobody decided"),
        ),
    )


def _page(name: str, number: str) -> str:
    return reverse(name, args=[number])
