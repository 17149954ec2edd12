"""News from Django and allauth that change which devices are signed in."""

from typing import Any

from allauth.account.signals import (
    authentication_step_completed,
    password_changed,
    password_reset,
    password_set,
)
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import sessions
from accounts.models import Session, User
from accounts.web import throttles


@receiver(user_logged_in)
def open_browser_session(request: HttpRequest, user: User, **_: Any) -> None:
    if request.session.session_key is None:
        request.session.create()
    session = sessions.open_session(
        user=user,
        kind=Session.Kind.BROWSER,
        facts=sessions.facts(request),
        session_key=request.session.session_key,
    )
    principal = getattr(request, "principal", None)
    if principal is not None:
        principal.session_id = session.id
    throttles.succeeded(request)


@receiver(user_logged_out)
def close_browser_session(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None and user.is_authenticated and request.session.session_key:
        sessions.sign_out(
            session_key=request.session.session_key, user=user, facts=sessions.facts(request)
        )


@receiver(authentication_step_completed)
def note_proof(request: HttpRequest, reauthenticated: bool = False, **_: Any) -> None:  # noqa: FBT001, FBT002
    """Who confirmed their password may do for ten minutes what needs a fresh sign-in."""
    principal = getattr(request, "principal", None)
    if reauthenticated and principal and principal.session_id:
        sessions.prove(session_id=principal.session_id)


@receiver([password_changed, password_set])
def end_other_sessions(request: HttpRequest, user: User, **_: Any) -> None:
    """A new password signs every other device out."""
    principal = getattr(request, "principal", None)
    keep = principal.session_id if principal and principal.user == user else None
    sessions.end_all(user=user, but=keep, reason=Session.Reason.PASSWORD)


@receiver(password_reset)
def end_all_sessions(user: User, **_: Any) -> None:
    """Whoever reset the password may have lost a device: all of them sign in again."""
    sessions.end_all(user=user, reason=Session.Reason.PASSWORD)
