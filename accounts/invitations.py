"""Asking people into a workspace by a link, and what they answer.

The link's token is stored as a hash; whoever holds it can read that one invitation and nothing else. Accepting
takes the verified address that was invited, so a forwarded link opens nothing.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import identity, mail, news, permissions, roles, signals, tenancy
from accounts.models import Invitation, Membership, Role, User, UserRole, UserSettings, Workspace

PREFIX = "tli_"
LIFE = timedelta(days=7)
MAX_OPEN = 200
MAX_SENDS = 5
MAX_MEMBERS = 500


class InvitationLimit(Exception):
    """Too many are open, or this one was sent too often. `limit` says how many there may be."""

    code = "limit_reached"

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.members = {"limit": limit}


class NotATeam(Exception):
    """A personal workspace has one member."""

    code = "personal_workspace"


class AlreadyMember(Exception):
    code = "already_member"


class AlreadyInvited(Exception):
    code = "already_invited"


class InvitationUnknown(Exception):
    """No invitation has this token, or never had."""

    code = "not_found"


class InvitationClosed(Exception):
    """It was answered, taken back or has expired. `state` says which."""

    code = "invitation_closed"

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state
        self.members = {"state": state}


class ForSomebodyElse(Exception):
    """It was meant for another address; `address` shows enough of it to recognise one's own."""

    code = "invitation_for_another"

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address
        self.members = {"address": address}


class AddressUnverified(Exception):
    """The address is this person's own but nobody has confirmed that."""

    code = "address_unverified"


@dataclass(frozen=True)
class Shown:
    """What the holder of a link may read before answering."""

    workspace: str
    inviter: str
    role: str
    address: str
    message: str
    state: str
    expires_at: datetime


def create(
    *, workspace_id: int, email: str, role: Role, message: str, held: frozenset[str], by: User
) -> tuple[Invitation, str]:
    """Invite an address that was cleaned by `identity.clean_email`; returns the row and its link.

    Locks the workspace, so that parallel callers cannot pass the limits. Raises roles.CannotGrant, NotATeam,
    AlreadyMember, AlreadyInvited and InvitationLimit.
    """
    roles.grantable(roles.permission_keys(role), held)
    workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
    if workspace.kind == Workspace.Kind.PERSONAL:
        raise NotATeam
    now, key = timezone.now(), identity.email_key(email)
    mine = Invitation.objects.filter(workspace=workspace)
    _close_lapsed(mine, now)
    if Membership.objects.filter(workspace=workspace, user__email_key=key).exists():
        raise AlreadyMember
    if mine.unanswered().filter(email_key=key).exists():
        raise AlreadyInvited
    _check_room(workspace, now)
    token = _token()
    invitation = Invitation.objects.create(
        workspace=workspace,
        email=email,
        email_key=key,
        role=role,
        token_hash=_hash(token),
        message=message,
        invited_by=by,
        last_sent_at=now,
        expires_at=now + LIFE,
    )
    _tell(invitation, by, "created", role=role.key)
    _send(invitation, token)
    _note(invitation)
    return invitation, link(token)


def resend(*, invitation: Invitation, held: frozenset[str], by: User) -> str:
    """Send a new link; the old one is dead from now on. `invitation` is locked by the caller.

    Raises InvitationClosed, roles.CannotGrant and InvitationLimit.
    """
    now = timezone.now()
    _check_open(invitation, now)
    roles.grantable(permissions.keys_of([invitation.role_id or 0]), held)
    if invitation.send_count >= MAX_SENDS:
        raise InvitationLimit(MAX_SENDS)
    token = _token()
    invitation.token_hash, invitation.invited_by = _hash(token), by
    invitation.send_count += 1
    invitation.last_sent_at, invitation.expires_at = now, now + LIFE
    invitation.save(
        update_fields=[
            "token_hash",
            "invited_by",
            "send_count",
            "last_sent_at",
            "expires_at",
            "updated_at",
        ]
    )
    _tell(invitation, by, "resent", count=invitation.send_count)
    _send(invitation, token)
    return link(token)


def revoke(*, invitation: Invitation, by: User, note: str = "") -> None:
    """Take an invitation back. Raises InvitationClosed. `note` is an operator's reason."""
    _check_open(invitation, timezone.now())
    _close(invitation, Invitation.Reason.REVOKED, by, note=note)


def revoke_unfounded(*, workspace: Workspace, inviter: User) -> int:
    """Take back what somebody offered who has left, or may no longer give it. Returns how many."""
    waiting = list(Invitation.objects.unanswered().filter(workspace=workspace, invited_by=inviter))
    if not waiting:
        return 0
    held = permissions.of_member(user_id=inviter.pk, workspace=workspace)
    reason = Invitation.Reason.INVITER_LEFT if held is None else Invitation.Reason.INVITER_CANNOT
    unfounded = [one for one in waiting if not _may_give(one, held)]
    for invitation in unfounded:
        _close(invitation, reason, None)
    return len(unfounded)


def revoke_all(*, workspace: Workspace, by: User) -> None:
    for invitation in Invitation.objects.unanswered().filter(workspace=workspace):
        _close(invitation, Invitation.Reason.WORKSPACE, by)


def look(*, token: str) -> Shown:
    """What the link offers; changes nothing. Raises InvitationUnknown."""
    with _entered(token) as invitation:
        inviter = invitation.invited_by
        return Shown(
            workspace=invitation.workspace.name,
            inviter=identity.display_name(inviter) if inviter else "",
            role=str(invitation.role or ""),
            address=masked(invitation.email),
            message=invitation.message,
            state=_effective_state(invitation, timezone.now()),
            expires_at=invitation.expires_at,
        )


def check_answerable(*, token: str, user: User) -> None:
    """Whether this person may answer the link.

    Raises InvitationUnknown, InvitationClosed, ForSomebodyElse and AddressUnverified.
    """
    with _entered(token, user=user) as invitation:
        _check_answer(invitation, user, timezone.now())


def accept(*, token: str, user: User) -> Membership:
    """Become a member with the role offered. The row's lock makes two clicks one membership.

    Raises InvitationUnknown, InvitationClosed, ForSomebodyElse, AddressUnverified and InvitationLimit.
    """
    with _entered(token, user=user, lock=True) as invitation:
        now = timezone.now()
        _check_answer(invitation, user, now)
        workspace = Workspace.objects.select_for_update().get(pk=invitation.workspace_id)
        if Membership.objects.filter(workspace=workspace).count() >= MAX_MEMBERS:
            raise InvitationLimit(MAX_MEMBERS)
        membership, is_new = Membership.objects.get_or_create(
            workspace=workspace, user=user, defaults={"invited_by": invitation.invited_by}
        )
        if is_new:
            _admit(membership, invitation)
        invitation.accepted_at, invitation.accepted_by = now, user
        invitation.save(update_fields=["accepted_at", "accepted_by", "updated_at"])
        _tell(invitation, user, "accepted")
    return membership


def decline(*, token: str, user: User) -> None:
    """Say no. Raises InvitationUnknown, InvitationClosed, ForSomebodyElse and AddressUnverified."""
    with _entered(token, user=user, lock=True) as invitation:
        _check_answer(invitation, user, timezone.now())
        invitation.declined_at = timezone.now()
        invitation.save(update_fields=["declined_at", "updated_at"])
        _tell(invitation, user, "declined")


def close_lapsed() -> int:
    """Close what nobody answered in a week, in every workspace."""
    with tenancy.platform_scope(reason="close lapsed invitations"):
        return _close_lapsed(Invitation.objects.all(), timezone.now())


def link(token: str) -> str:
    return f"{settings.PUBLIC_URL}/invitations/{token}/"


def masked(email: str) -> str:
    """Enough of an address to recognise one's own, too little to learn somebody's."""
    return f"{email[:1]}•••@…"


def _check_room(workspace: Workspace, now: datetime) -> None:
    mine = Invitation.objects.filter(workspace=workspace)
    if mine.open(now).count() >= MAX_OPEN:
        raise InvitationLimit(MAX_OPEN)


def _check_open(invitation: Invitation, now: datetime) -> None:
    if (state := invitation.state(now)) != Invitation.State.OPEN:
        raise InvitationClosed(state)


def _check_answer(invitation: Invitation, user: User, now: datetime) -> None:
    _check_address(invitation, user)
    if (state := _effective_state(invitation, now)) != Invitation.State.OPEN:
        raise InvitationClosed(state)


def _check_address(invitation: Invitation, user: User) -> None:
    own = [user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)]
    if invitation.email_key not in {identity.email_key(address) for address in own}:
        raise ForSomebodyElse(masked(invitation.email))
    verified = EmailAddress.objects.filter(user=user, verified=True)
    keys = {identity.email_key(address) for address in verified.values_list("email", flat=True)}
    # Where no letter leaves, none can verify; there the copied link is the proof.
    if invitation.email_key not in keys and not mail.is_filed():
        raise AddressUnverified


def _effective_state(invitation: Invitation, now: datetime) -> str:
    """The state, with what no sweep has written yet: the inviter's rights and the workspace decide too."""
    state = invitation.state(now)
    if state != Invitation.State.OPEN:
        return state
    held = permissions.of_member(user_id=invitation.invited_by_id, workspace=invitation.workspace)
    if invitation.workspace.status != Workspace.Status.ACTIVE or not _may_give(invitation, held):
        return Invitation.State.REVOKED
    return state


def _may_give(invitation: Invitation, held: frozenset[str] | None) -> bool:
    if held is None or invitation.role_id is None or "member.manage" not in held:
        return False
    return permissions.keys_of([invitation.role_id]) <= held


def _admit(membership: Membership, invitation: Invitation) -> None:
    role, by = invitation.role, invitation.invited_by
    UserRole.objects.create(
        workspace_id=membership.workspace_id, user=membership.user, role=role, granted_by=by
    )
    signals.membership_added.send(
        sender=Membership, membership=membership, by=by, roles=[role.key] if role else []
    )
    signals.rights_changed.send(
        sender=Membership, workspace=membership.workspace, user=membership.user
    )
    if by is not None:
        news.tell(
            "member_joined",
            user=by,
            link=("workspace", "members"),
            workspace_id=membership.workspace_id,
            workspace=membership.workspace.name,
            person=identity.display_name(membership.user),
        )


def _close(invitation: Invitation, reason: str, by: User | None, *, note: str = "") -> None:
    invitation.revoked_at, invitation.revoked_reason = timezone.now(), reason
    invitation.save(update_fields=["revoked_at", "revoked_reason", "updated_at"])
    _tell(invitation, by, "revoked", reason=reason, note=note)


def _close_lapsed(rows: Any, now: datetime) -> int:
    return int(rows.lapsed(now).update(revoked_at=now, revoked_reason=Invitation.Reason.EXPIRED))


@contextmanager
def _entered(token: str, *, user: User | None = None, lock: bool = False) -> Iterator[Invitation]:
    """Inside the workspace that the token's row names: the one way in without being a member."""
    hashed = _hash(token)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.credential', %s, true)", [hashed])
        found = Invitation.objects.filter(token_hash=hashed).values_list("workspace_id").first()
        cursor.execute("SELECT set_config('app.credential', '', true)")
    if found is None or not token.startswith(PREFIX):
        raise InvitationUnknown
    with tenancy.workspace(found[0], user_id=user.pk if user else None):
        rows = Invitation.objects.select_related("workspace", "role", "invited_by")
        if lock:
            rows = rows.select_for_update(of=("self",))
        invitation = rows.filter(token_hash=hashed).first()
        if invitation is None:
            raise InvitationUnknown
        yield invitation


def _token() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _send(invitation: Invitation, token: str) -> None:
    """In the language of who invites, since nothing is known of a stranger."""
    found = UserSettings.objects.filter(user=invitation.invited_by).values_list("language").first()
    by = invitation.invited_by
    mail.enqueue(
        "invitation",
        to=invitation.email,
        language=found[0] if found else UserSettings.Language.CHINESE,
        params={
            "workspace": invitation.workspace.name,
            "inviter": identity.display_name(by) if by else "",
            "message": invitation.message,
            "url": link(token),
            "days": LIFE.days,
        },
    )


def _note(invitation: Invitation) -> None:
    """Who has an account under this confirmed address sees it there too; the link stays in the letter alone."""
    owner = EmailAddress.objects.filter(email__iexact=invitation.email, verified=True)
    found = owner.select_related("user").first()
    by = invitation.invited_by
    if found is not None and found.user.is_active:
        news.note(
            "invitation",
            user=found.user,
            dedup_key=f"invitation:{invitation.pk}",
            workspace=invitation.workspace.name,
            inviter=identity.display_name(by) if by else "",
            message=invitation.message,
            days=LIFE.days,
        )


def _tell(invitation: Invitation, by: User | None, verb: str, **details: Any) -> None:
    signals.invitation_changed.send(
        sender=Invitation, invitation=invitation, by=by, verb=verb, details=details
    )
