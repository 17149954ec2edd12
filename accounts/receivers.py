"""News from Django and allauth: what changes signed-in devices, addresses and ways to sign in."""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import (
    authentication_step_completed,
    email_changed,
    email_confirmed,
    password_changed,
    password_reset,
    password_set,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.signals import social_account_added
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import addresses, identity, people, second_factor, sessions, signals
from accounts.models import Session, User
from accounts.web import throttles

KEPT_OF_SERVICE = frozenset(
    {"id", "sub", "openid", "login", "nickname", "name", "email", "picture", "avatar_url"}
)


# Devices


@receiver(user_logged_in)
def open_browser_session(request: HttpRequest, user: User, **_: Any) -> None:
    if request.session.session_key is None:
        request.session.create()
    records = get_authentication_records(request, user)
    session = sessions.open_session(
        user=user,
        kind=Session.Kind.BROWSER,
        facts=sessions.facts(request),
        session_key=request.session.session_key,
        by_second_factor=any(record.get("method") == "mfa" for record in records),
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
def note_proof(
    request: HttpRequest,
    method: str = "",
    reauthenticated: bool = False,  # noqa: FBT001, FBT002
    **_: Any,
) -> None:
    """Who confirmed their password may do for ten minutes what needs a fresh sign-in."""
    principal = getattr(request, "principal", None)
    if reauthenticated and principal and principal.session_id:
        sessions.prove(
            session_id=principal.session_id,
            user=principal.user,
            by_second_factor=method == "mfa",
        )


@receiver([password_changed, password_set])
def end_other_sessions(request: HttpRequest, user: User, **_: Any) -> None:
    """A new password signs every other device out."""
    principal = getattr(request, "principal", None)
    keep = principal.session_id if principal and principal.user == user else None
    people.password_changed(user=user, keep=keep, action="auth.password_changed")


@receiver(password_reset)
def end_all_sessions(user: User, **_: Any) -> None:
    """Whoever reset the password may have lost a device: all of them sign in again."""
    people.password_changed(user=user, keep=None, action="auth.password_reset")


# Addresses


@receiver(post_save, sender=EmailAddress)
def track_address(instance: EmailAddress, **_: Any) -> None:
    addresses.track(instance)


@receiver(post_save, sender=User)
def follow_main_address(instance: User, update_fields: Any = None, **_: Any) -> None:
    """allauth writes the address alone; what addresses are compared by goes with it."""
    if update_fields and set(update_fields) == {"email"}:
        key = identity.email_key(instance.email)
        User.objects.filter(pk=instance.pk).update(email_key=key)


@receiver(email_confirmed)
def let_in(email_address: EmailAddress, **_: Any) -> None:
    people.confirm(user=email_address.user, address=email_address.email)


@receiver(email_changed)
def tell_new_address(user: User, **_: Any) -> None:
    signals.account_event.send(sender=User, user=user, action="user.address_changed", by=user)


# Ways to sign in


@receiver(authenticator_added)
def factor_added(user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.TOTP:
        second_factor.note_step(authenticator)
    _tell_factor(user, "auth.mfa_added", authenticator)


@receiver(authenticator_removed)
def factor_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    _tell_factor(user, "auth.mfa_removed", authenticator)


def _tell_factor(user: User, action: str, authenticator: Authenticator) -> None:
    details = {"factor": str(authenticator.type)}
    signals.account_event.send(sender=User, user=user, action=action, by=user, details=details)


@receiver(pre_save, sender=SocialAccount)
def keep_little_of_service(instance: SocialAccount, **_: Any) -> None:
    """Of what a service tells about a person only this is kept."""
    told = instance.extra_data or {}
    instance.extra_data = {name: told[name] for name in KEPT_OF_SERVICE if name in told}


@receiver(social_account_added)
def service_connected(sociallogin: Any, **_: Any) -> None:
    account = sociallogin.account
    signals.account_event.send(
        sender=User,
        user=account.user,
        action="auth.service_connected",
        by=account.user,
        details={"service": account.provider},
    )
