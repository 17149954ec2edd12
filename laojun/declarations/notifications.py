"""What people are told by this app, who keeps their lists, and what is swept from them."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import DeletionStep, Letter, NoticeType
from laojun import removal
from laojun.declarations.entries import actions, console
from laojun.notifications import broadcasting, sending

ACTIONS = {
    "notification.read": _("read notices"),
    "notification.unread": _("marked a notice as unread"),
    "notification.deleted": _("deleted a notice"),
    "notification.broadcast": _("told many people"),
    "mail.tested": _("tested the mail server"),
}
NOTICES = (
    NoticeType("storage", _("Storage that runs out")),
    NoticeType("broadcast", _("News of the platform"), by_mail=False),
)
LETTERS = {
    "storage_low": Letter(
        _("%(percent)s %% of the storage is used"),
        (
            _("%(whose)s: %(used)s of %(limit)s are used in %(workspace)s."),
            _("Delete files you no longer need, or ask for a larger quota."),
        ),
        _("See the files"),
        "storage",
        category="reminder",
        level="warning",
    ),
    "storage_full": Letter(
        _("The storage is full"),
        (
            _("%(whose)s: %(used)s of %(limit)s are used in %(workspace)s."),
            _("Nothing more can be uploaded until files are deleted or the quota is raised."),
        ),
        _("See the files"),
        "storage",
        category="reminder",
        level="error",
    ),
    "broadcast": Letter("%(title)s", ("%(text)s",), notice="broadcast", category="update"),
    "mail_test": Letter(
        _("A test of the mail server"),
        (_("This letter was sent from the operator console of %(site)s. It needs no answer."),),
    ),
}
REMOVAL = DeletionStep("laojun.remove_notifications", removal.remove_notifications, 60)


def declare() -> None:
    actions(ACTIONS)
    console("notification", view="config.view", change="config.edit")
    for entry in NOTICES:
        registry.notice_types.add(entry.key, entry)
    for key, letter in LETTERS.items():
        registry.letters.add(key, letter)
    registry.link_resolvers.add("files", lambda _id: "/files/")
    registry.link_resolvers.add("file", lambda _id: "/files/")
    registry.jobs.add(broadcasting.JOB.name, broadcasting.JOB)
    registry.notify.fill(sending.notify)
    registry.deletion_steps.add(REMOVAL.key, REMOVAL)
