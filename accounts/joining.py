"""A service that vouches for somebody we know waits until they signed in here; then it is connected."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest

from accounts import identity

WAITING_KEY = "service_waiting"


def waiting(request: HttpRequest) -> SocialLogin | None:
    """The sign-in by a service that waits for its person to sign in here."""
    kept = request.session.get(WAITING_KEY)
    try:
        return SocialLogin.deserialize(kept) if kept else None
    except (ValueError, KeyError):
        return None


def join(request: HttpRequest, user: Any) -> str:
    """Connect the service that waits, if both sides proved one address to be this person's.

    Returns the service's name, or nothing where none waited or the address is another one.
    """
    sociallogin = waiting(request)
    request.session.pop(WAITING_KEY, None)
    if sociallogin is None or sociallogin.account is None:
        return ""
    mine = EmailAddress.objects.filter(user=user, verified=True)
    proven = {identity.email_key(one.email) for one in mine}
    vouched = {identity.email_key(one.email) for one in sociallogin.email_addresses if one.verified}
    if not proven & vouched:
        return ""
    sociallogin.user = user
    sociallogin.account.user = user
    sociallogin.connect(request, user)
    return str(sociallogin.provider.name)
