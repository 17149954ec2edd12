"""The people of a work: invited, taking part, given rights, revoked. What they may is decided by `Work.with_right`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import news
from accounts.authentication import Principal
from accounts.models import Membership, User
from studio import recording
from studio.models import Chapter, Collaborator, Work
from studio.recording import FieldRefused, StoryRefused

MOST_COLLABORATORS = 50
MOST_CHAPTERS = 1_000
INVITED, CHANGED = "studio_invited", "studio_role_changed"
FLAGS = ("can_use_ai", "can_export", "can_publish", "can_invite")
ROLES = (Collaborator.Role.EDITOR, Collaborator.Role.COMMENTER)


class LastOwner(StoryRefused):
    """A work has exactly one owner; it changes hands by a transfer."""

    code = "work_owner_stays"


class AlreadyThere(StoryRefused):
    """This person takes part already, or is invited."""

    code = "already_collaborator"


class NotInvited(StoryRefused):
    """The invitation was taken back."""

    code = "not_found"


def of_work(work: Work) -> QuerySet[Collaborator]:
    """Owner first, then those who take part or are invited."""
    rows = Collaborator.objects.filter(work=work, revoked_at__isnull=True)
    return rows.select_related("user").order_by("-role", "created_at", "pk")


def invitations_of(user: User, workspace_id: int) -> QuerySet[Collaborator]:
    """What a person was asked to take part in and has not answered."""
    return Collaborator.objects.filter(
        user=user,
        workspace_id=workspace_id,
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        work__deleted_at__isnull=True,
    ).select_related("work", "invited_by")


def invite(
    *, work: Work, user: User, role: str, permissions: Mapping[str, Any], by: Principal
) -> Collaborator:
    """Ask a member of the workspace to take part. Raises FieldRefused, AlreadyThere, LimitReached."""
    recording.require_room(of_work(work), MOST_COLLABORATORS)
    if user.pk == work.user_id:
        raise AlreadyThere
    members = Membership.objects.filter(workspace=work.workspace_id, user=user).active()
    if not members.exists():
        raise FieldRefused("user_id", _("Only members of the workspace can take part."))
    given = _checked(work, role, permissions)
    row = Collaborator.objects.select_for_update().filter(work=work, user=user).first()
    if row is None:
        row = Collaborator(workspace_id=work.workspace_id, work=work, user=user, role=role)
        row.permissions, row.invited_by = given, by.user
        recording.insert(row, by=by)
    elif row.revoked_at is None:
        raise AlreadyThere
    else:
        values = {"role": role, "permissions": given, "invited_by": by.user}
        recording.update(row, {**values, "accepted_at": None, "revoked_at": None}, by=by)
    _tell(INVITED, row, by)
    return row


def accept(*, invitation: Collaborator, by: Principal) -> Collaborator:
    """Take part; the caller holds the row locked, and it is the person's own."""
    if invitation.revoked_at is not None:
        raise NotInvited
    if invitation.accepted_at is None:
        recording.update(invitation, {"accepted_at": timezone.now()}, by=by)
    return invitation


def change(
    *, collaborator: Collaborator, role: str, permissions: Mapping[str, Any], by: Principal
) -> Collaborator:
    """The caller holds the row locked. Raises LastOwner, FieldRefused."""
    if collaborator.role == Collaborator.Role.OWNER:
        raise LastOwner
    given = _checked(collaborator.work, role, permissions)
    if recording.update(collaborator, {"role": role, "permissions": given}, by=by):
        _tell(CHANGED, collaborator, by)
    return collaborator


def revoke(*, collaborator: Collaborator, by: Principal) -> None:
    """Nothing of the work is theirs from the next request on; also how somebody leaves. Raises LastOwner."""
    if collaborator.role == Collaborator.Role.OWNER:
        raise LastOwner
    recording.update(collaborator, {"revoked_at": timezone.now()}, by=by)


def _checked(work: Work, role: str, permissions: Mapping[str, Any]) -> dict[str, Any]:
    """Only what differs from what the role has anyway."""
    if role not in ROLES:
        raise FieldRefused("role", _("Choose editor or commenter."))
    if role == Collaborator.Role.COMMENTER:
        return {}
    given: dict[str, Any] = {name: bool(permissions[name]) for name in FLAGS if name in permissions}
    chapters = permissions.get("chapters")
    if chapters is not None:
        wanted = {str(number) for number in chapters}
        known = Chapter.objects.filter(work=work, pk__in=wanted).alive()
        if len(wanted) > MOST_CHAPTERS or known.count() != len(wanted):
            raise FieldRefused("permissions", _("This work has no such chapter."))
        given["chapters"] = sorted(wanted)
    return given


def _tell(letter: str, row: Collaborator, by: Principal) -> None:
    kind = "studio_invitation" if letter == INVITED else "studio_people"
    news.tell(
        letter,
        user=row.user,
        link=(kind, row.work_id),
        workspace_id=row.workspace_id,
        who=str(by.user),
        work=row.work.title,
        role=row.get_role_display(),
    )
