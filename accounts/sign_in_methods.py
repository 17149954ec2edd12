"""The ways in which a person can sign in; one of them always stays."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from accounts import news, signals
from accounts.models import User


class LastSignInMethod(Exception):
    """Without this one the person could never sign in again."""

    code = "last_sign_in_method"


def passkeys(user: User) -> list[Authenticator]:
    """The passkeys that let a person in without a password."""
    found = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return [one for one in found if one.wrap().is_passwordless]


def remove(*, user: User, method: Authenticator | SocialAccount, how: Callable[[], Any]) -> Any:
    """Run `how`, which takes a method away, if another way in is left.

    Raises LastSignInMethod. Locks the person's row, so that two removals cannot take the last two.
    """
    with transaction.atomic():
        holder = User.objects.select_for_update().get(pk=user.pk)
        if is_last(user=holder, method=method):
            raise LastSignInMethod
        return how()


def disconnect(*, user: User, account: SocialAccount) -> None:
    """Take a service away from a person and tell them by mail. Raises LastSignInMethod."""
    service = account.get_provider().name
    remove(user=user, method=account, how=account.delete)
    signals.account_event.send(
        sender=User,
        user=user,
        action="auth.service_removed",
        by=user,
        details={"service": account.provider},
    )
    news.tell("service_removed", user=user, link=("security", ""), service=service)


def is_last(*, user: User, method: Authenticator | SocialAccount) -> bool:
    services = SocialAccount.objects.filter(user=user)
    keys = passkeys(user)
    if isinstance(method, SocialAccount):
        services = services.exclude(pk=method.pk)
    else:
        if method not in keys:
            return False
        keys.remove(method)
    return not (user.has_usable_password() or keys or services.exists())
