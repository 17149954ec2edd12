"""What accounts tells about becomes rows of the audit log, in the transaction of the deed."""

from datetime import datetime
from typing import Any

from django.db import connections
from django.dispatch import receiver

from accounts import signals, tenancy
from accounts.models import ApiKey, Membership, Role, Session, User, Workspace
from laojun import audit
from laojun.audit import Actor, Target

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
        target=("api_key", api_key.id),
        before={},
        after={"name": api_key.name, "prefix": api_key.prefix, "scopes": api_key.scopes},
    )


@receiver(signals.api_key_revoked)
def api_key_revoked(api_key: ApiKey, user: User | None = None, note: str = "", **_: Any) -> None:
    audit.record(
        actor=_by(user),
        action="api_key.revoked",
        target=("api_key", api_key.id),
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
def workspace_changed(workspace: Workspace, by: User | None = None, **facts: Any) -> None:
    audit.record(
        actor=_by(by),
        action="workspace.changed",
        target=("workspace", workspace.id),
        before=facts.get("before") or {},
        after=facts.get("after") or {},
    )


@receiver(signals.membership_changed)
def membership_changed(membership: Membership, by: User | None = None, **facts: Any) -> None:
    audit.record(
        actor=_by(by),
        action="member.changed",
        target=("member", membership.user_id),
        before=facts.get("before") or {},
        after=facts.get("after") or {},
    )


@receiver(signals.membership_removed)
def membership_removed(user: User, by: User | None = None, **_: Any) -> None:
    audit.record(actor=_by(by), action="member.removed", target=("member", user.id))


@receiver(signals.rights_changed)
def rights_changed(user: User, by: User | None = None, **facts: Any) -> None:
    audit.record(
        actor=_by(by),
        action="member.rights_changed",
        target=("member", user.id),
        before=facts.get("before") or {},
        after=facts.get("after") or {},
    )


@receiver(signals.role_changed)
def role_changed(role: Role, by: User | None = None, **facts: Any) -> None:
    audit.record(
        actor=_by(by),
        action="role.changed",
        target=("role", role.pk),
        before=facts.get("before") or {},
        after=facts.get("after") or {},
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
