"""Works: begun, told of, handed over. What they hold is ordered in `ordering` and written in `drafting`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import news
from accounts.authentication import Principal
from accounts.models import Membership, User
from laojun import audit
from laojun.audit import Actor, Target
from studio.models import Collaborator, Work
from studio.prose import naming

HANDED_OVER = "work_handed_over"
MAX_TAGS = 20
MAX_STYLE_GUIDE = 8_000
SETTINGS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "defaultAgentId": {"type": ["string", "null"], "maxLength": 36},
        "chapterNamingPattern": {"type": "string", "minLength": 1, "maxLength": 100},
        "wordCountGoal": {"type": ["integer", "null"], "minimum": 1, "maximum": 100_000_000},
        "enableAiSuggestions": {"type": "boolean"},
        "worldview": {"type": "object", "maxProperties": 50},
        "numbering": {"enum": ["continuous", "volume"]},
        "pov": {"type": "string", "maxLength": 200},
        "tense": {"type": "string", "maxLength": 100},
        "styleGuide": {"type": "string", "maxLength": MAX_STYLE_GUIDE},
        "contextBudget": {"type": "number", "minimum": 0.3, "maximum": 0.85},
        "exportPresets": {"type": "object", "maxProperties": 20},
    },
    "additionalProperties": False,
}
TOLD = ("title", "description", "cover_url", "genre", "tags", "status", "language", "settings")


class BadSettings(ValueError):
    """The settings hold an unknown name, an impossible value or a pattern with an unknown token."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class NotAMember(ValueError):
    """A work is handed to somebody of its workspace."""


def create(*, principal: Principal, title: str, **told: Any) -> Work:
    """Begin a work. `told` are further columns of `TOLD`. Raises BadSettings."""
    check_settings(told.get("settings", {}))
    with transaction.atomic():
        work = Work.objects.create(
            workspace_id=principal.workspace_id,
            user=principal.user,
            title=title.strip(),
            last_edited_at=timezone.now(),
            **told,
        )
        _owned_by(work, principal.user)
        audit.record(actor=principal, action="work.created", target=("work", work.pk))
    return work


def change(*, work: Work, principal: Principal, wishes: Mapping[str, Any]) -> Work:
    """Change what is told of a work. The caller holds the row locked. Raises BadSettings."""
    if "settings" in wishes:
        check_settings(wishes["settings"])
    changed = {name: value for name, value in wishes.items() if getattr(work, name) != value}
    if changed:
        now = timezone.now()
        Work.objects.filter(pk=work.pk).update(
            **changed, revision=F("revision") + 1, updated_at=now
        )
        audit.record(
            actor=principal,
            action="work.changed",
            target=("work", work.pk),
            after={"changed": sorted(changed)},
        )
        work.refresh_from_db()
    return work


def transfer(*, work: Work, principal: Principal | Actor, to: User, reason: str = "") -> Work:
    """Hand a work to another member of the workspace; who had it stays as an editor. Raises NotAMember."""
    members = Membership.objects.active().filter(workspace_id=work.workspace_id, user=to)
    if not members.exists():
        raise NotAMember(_("This person does not belong to the workspace."))
    with transaction.atomic():
        former = work.user
        Work.objects.filter(pk=work.pk).update(
            user=to, revision=F("revision") + 1, updated_at=timezone.now()
        )
        _owned_by(work, to, former=former)
        audit.record(
            actor=principal,
            action="work.transferred",
            target=Target("work", str(work.pk), workspace_id=work.workspace_id),
            before={"owner": str(former.pk)},
            after={"owner": str(to.pk)},
            details={"reason": reason} if reason else None,
        )
        news.tell(
            HANDED_OVER,
            user=to,
            link=("work", work.pk),
            workspace_id=work.workspace_id,
            work=work.title,
            who=str(former),
        )
    work.refresh_from_db()
    return work


def note_opening(*, work: Work, principal: Principal) -> None:
    """Whoever opens a work by `work.view_all` alone leaves a trace."""
    if not principal.may("work.view_all"):
        return
    if Work.objects.with_right(principal, "read").filter(pk=work.pk).exists():
        return
    audit.record(actor=principal, action="work.opened", target=("work", work.pk))


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raises BadSettings with the first fault."""
    for fault in _schema().iter_errors(dict(settings)):
        raise BadSettings("/".join(map(str, fault.instance_path)), fault.message)
    unknown = naming.unknown_tokens(str(settings.get("chapterNamingPattern", "")))
    if unknown:
        message = _("Unknown token: %(name)s") % {"name": "{" + unknown[0] + "}"}
        raise BadSettings("chapterNamingPattern", message)


def _owned_by(work: Work, owner: User | None, *, former: User | None = None) -> None:
    """The rows of the people: one owner at any time."""
    now = timezone.now()
    if former is not None:
        Collaborator.objects.filter(work=work, user=former).update(
            role=Collaborator.Role.EDITOR, updated_at=now
        )
    Collaborator.objects.update_or_create(
        work=work,
        user=owner,
        defaults={
            "workspace_id": work.workspace_id,
            "role": Collaborator.Role.OWNER,
            "permissions": {},
            "accepted_at": now,
            "revoked_at": None,
        },
    )


@cache
def _schema() -> Any:
    return jsonschema_rs.validator_for(SETTINGS)
