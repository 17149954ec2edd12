"""What accounts tells about becomes rows of the audit log, in the transaction of the deed; notices follow people."""

from datetime import datetime
from typing import Any

from django.db import connections
from django.dispatch import receiver

from accounts import signals, tenancy
from accounts.models import ApiKey, Invitation, Membership, Role, Session, User, Workspace
from accounts.tenancy import Context
from laojun import audit
from laojun.audit import Actor, Target
from laojun.chain import actors
from laojun.models import Notification, NotificationMark
from laojun.notifications import sending

# A person's look at a view counts once an hour, the platform's own errands once a day.
ROLL_UP = """
    SELECT EXISTS (
        SELECT 1 FROM lao_audit_logs
        WHERE actor = %s AND action = 'platform_scope.entered' AND resource_id = %s
          AND created_at >= date_trunc(%s, clock_timestamp())
    )
"""


def _by(user: User | None) -> Actor:
    """The person the signal names, else whoever the request acts for."""
    return Actor.of_user(user) if user else audit.current_actor(Actor.system("accounts"))


def _of_workspace(workspace: Workspace) -> Target:
    """Its own log, also when an operator acts from outside."""
    return Target("workspace", str(workspace.pk), workspace_id=workspace.pk)


def _of_member(workspace_id: int, user_id: object) -> Target:
    return Target("member", str(user_id), workspace_id=workspace_id)


def _of_account(user: User) -> Target:
    return Target("user", str(user.id), platform=True)


@receiver(signals.user_created)
def account_opened(user: User, **_: Any) -> None:
    audit.record(
        actor=user,
        action="user.created",
        target=_of_account(user),
        before={},
        after={"username_length": len(user.username), "status": user.status},
    )


@receiver(signals.signed_in)
def signed_in(user: User, **_: Any) -> None:
    audit.record(actor=user, action="auth.signed_in", target=_of_account(user))


@receiver(signals.sign_in_failed)
def sign_in_failed(email_key_hash: str, **_: Any) -> None:
    """The request is answered with a refusal, so the row is written when its transaction is gone."""
    audit.record_afterwards(
        actor=audit.ANONYMOUS,
        action="auth.sign_in_failed",
        target=Target("email_key", str(email_key_hash), platform=True),
        result=audit.FAILED,
    )


@receiver(signals.signed_out)
def signed_out(user: User, **_: Any) -> None:
    audit.record(actor=user, action="auth.signed_out", target=_of_account(user))


@receiver(signals.refresh_reused)
def refresh_reused(user: User, session: Session | None = None, **_: Any) -> None:
    audit.record_afterwards(
        actor=user,
        action="auth.refresh_reused",
        target=Target("session", str(session.id if session else ""), platform=True),
    )


@receiver(signals.session_revoked)
def session_revoked(
    user: User,
    session: Session,
    reason: str = "",
    by: User | None = None,
    note: str = "",
    **_: Any,
) -> None:
    audit.record(
        actor=_by(by),
        action="auth.session_revoked",
        target=Target("session", str(session.id), platform=True),
        details={"user": str(user.id), "reason": reason, "note": note},
    )


@receiver(signals.api_key_created)
def api_key_created(api_key: ApiKey, user: User | None = None, **_: Any) -> None:
    audit.record(
        actor=_by(user),
        action="api_key.created",
        target=Target("api_key", str(api_key.id), workspace_id=api_key.workspace_id),
        before={},
        after={"name": api_key.name, "prefix": api_key.prefix, "scopes": api_key.scopes},
    )


@receiver(signals.api_key_changed)
def api_key_changed(api_key: ApiKey, user: User | None = None, **facts: Any) -> None:
    audit.record(
        actor=_by(user),
        action="api_key.changed",
        target=Target("api_key", str(api_key.id), workspace_id=api_key.workspace_id),
        before=facts.get("before") or {},
        after=facts.get("after") or {},
    )


@receiver(signals.api_key_revoked)
def api_key_revoked(api_key: ApiKey, user: User | None = None, note: str = "", **_: Any) -> None:
    audit.record(
        actor=_by(user),
        action="api_key.revoked",
        target=Target("api_key", str(api_key.id), workspace_id=api_key.workspace_id),
        details={"prefix": api_key.prefix, "note": note},
    )


@receiver(signals.workspace_created)
def workspace_created(workspace: Workspace, by: User, **_: Any) -> None:
    audit.record(
        actor=_by(by),
        action="workspace.created",
        target=("workspace", workspace.id),
        before={},
        after={"name": workspace.name, "kind": workspace.kind},
    )


@receiver(signals.workspace_changed)
def workspace_changed(workspace: Workspace, by: User | None, verb: str, **facts: Any) -> None:
    audit.record(
        actor=_by(by),
        action=f"workspace.{verb}",
        target=_of_workspace(workspace),
        before=facts.get("before") or {},
        after=facts.get("after") or {},
    )


@receiver(signals.workspace_deleted)
def workspace_deleted(workspace: Workspace, counts: dict[str, int], **_: Any) -> None:
    """What is left to say of a workspace: how many rows of each kind it had."""
    audit.record(
        actor=Actor.system("purge_workspaces"),
        action="workspace.deleted",
        target=_of_workspace(workspace),
        details=counts,
    )


@receiver(signals.membership_added)
def membership_added(
    membership: Membership, roles: list[str], by: User | None = None, **_: Any
) -> None:
    audit.record(
        actor=membership.user,
        action="member.joined",
        target=_of_member(membership.workspace_id, membership.user_id),
        before={},
        after={"roles": roles, "status": membership.status},
        details={"invited_by": str(by.pk) if by else ""},
    )


@receiver(signals.membership_changed)
def membership_changed(membership: Membership, by: User | None = None, **facts: Any) -> None:
    audit.record(
        actor=_by(by),
        action="member.changed",
        target=_of_member(membership.workspace_id, membership.user_id),
        before=facts.get("before") or {},
        after=facts.get("after") or {},
    )


@receiver(signals.membership_removed)
def membership_removed(workspace: Workspace, user: User, by: User | None = None, **_: Any) -> None:
    verb = "left" if by is not None and by.pk == user.pk else "removed"
    audit.record(actor=_by(by), action=f"member.{verb}", target=_of_member(workspace.pk, user.pk))


@receiver(signals.invitation_changed)
def invitation_changed(
    invitation: Invitation, verb: str, details: dict[str, Any], by: User | None = None, **_: Any
) -> None:
    audit.record(
        actor=_by(by),
        action=f"invitation.{verb}",
        target=Target("invitation", str(invitation.pk), workspace_id=invitation.workspace_id),
        details={"address": audit.masked_email(invitation.email), **details},
    )


@receiver(signals.role_changed)
def role_changed(role: Role, verb: str, by: User | None = None, **facts: Any) -> None:
    audit.record(
        actor=_by(by),
        action=f"role.{verb}",
        target=Target("role", str(role.pk), workspace_id=role.workspace_id),
        before=facts.get("before") or {},
        after=facts.get("after") or {},
    )


@receiver(signals.role_granted)
def role_granted(role: Role, user: User, by: User | None = None, **facts: Any) -> None:
    _record_grant("granted", role, user, by, facts)


@receiver(signals.role_revoked)
def role_revoked(role: Role, user: User, by: User | None = None, **facts: Any) -> None:
    _record_grant("revoked", role, user, by, facts)


def _record_grant(
    verb: str, role: Role, user: User, by: User | None, facts: dict[str, Any]
) -> None:
    workspace = facts.get("workspace")
    audit.record(
        actor=_by(by),
        action=f"user_role.{verb}",
        target=Target(
            "member",
            str(user.pk),
            platform=workspace is None,
            workspace_id=workspace.pk if workspace else None,
        ),
        details={
            "role": role.key,
            "role_name": role.name,
            "expires_at": facts.get("expires_at"),
            "note": facts.get("note", ""),
        },
    )


@receiver(signals.user_suspended)
def user_suspended(user: User, by: User | None = None, reason: str = "", **_: Any) -> None:
    audit.record(
        actor=_by(by),
        action="user.suspended",
        target=_of_account(user),
        details={"reason": reason},
    )


@receiver(signals.user_activated)
def user_activated(user: User, by: User | None = None, reason: str = "", **_: Any) -> None:
    audit.record(
        actor=_by(by),
        action="user.activated",
        target=_of_account(user),
        details={"reason": reason},
    )


@receiver(signals.account_event)
def account_event(user: User, action: str, by: User | None = None, **facts: Any) -> None:
    audit.record(
        actor=_by(by),
        action=action,
        target=_of_account(user),
        before=facts.get("before"),
        after=facts.get("after"),
        details=facts.get("details"),
    )


@receiver(signals.user_deleted)
def forget_the_name(user: User, **_: Any) -> None:
    actors.erase(user_id=user.pk)


@receiver(signals.settings_changed)
def settings_changed(user: User, changed_at: datetime | None = None, **facts: Any) -> None:
    audit.record(
        actor=user,
        action="user.settings_changed",
        target=_of_account(user),
        before=facts.get("before") or {},
        after=facts.get("after") or {},
        details={"client_changed_at": changed_at.isoformat()} if changed_at else None,
    )


@receiver(signals.feed_reset)
def feed_reset(reason: str, by: User | None = None, **_: Any) -> None:
    audit.record(
        actor=_by(by),
        action="feed.reset",
        target=Target("feed", "changes", platform=True),
        details={"reason": reason},
    )


@receiver(signals.platform_scope_entered)
def platform_scope_entered(reason: str, **_: Any) -> None:
    """Looking across workspaces leaves a line a person, view and hour; changes made there leave their own."""
    actor = audit.current_actor(Actor.system("platform"))
    period = "day" if actor.kind == "system" else "hour"
    with connections["default"].cursor() as cursor:
        cursor.execute(ROLL_UP, [actor.name, reason[:200], period])
        if cursor.fetchone()[0]:
            return
    audit.record(
        actor=actor,
        action="platform_scope.entered",
        target=Target("reason", reason, platform=True),
        details={"workspace_id": tenancy.current().workspace_id},
    )


@receiver(signals.settings_changed)
def say_it_in_the_new_language(user: User, **facts: Any) -> None:
    """What somebody was told follows the language they read."""
    if "language" in (facts.get("after") or {}):
        with tenancy.entered(Context(user_id=user.pk)):
            sending.translate(user)


@receiver(signals.user_deleted)
def forget_what_they_were_told(user: User, **_: Any) -> None:
    with tenancy.entered(Context(user_id=user.pk)):
        Notification.objects.filter(user=user).delete()
        NotificationMark.objects.filter(user=user).delete()
