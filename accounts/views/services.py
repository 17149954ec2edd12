"""Services and passkeys by which a person signs in: connected, joined, taken away."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import joining, sign_in_methods
from accounts.sign_in_methods import LastSignInMethod
from accounts.web.access import public, signed_in


def listed(request: HttpRequest) -> list[dict[str, Any]]:
    """Every service that is offered here, each with the person's account there if it is connected."""
    mine = {one.provider: one for one in SocialAccount.objects.filter(user=_person(request))}
    return [
        {"provider": provider, "account": mine.get(provider.id)}
        for provider in get_adapter().list_providers(request)
    ]


@signed_in
def overview(request: HttpRequest) -> HttpResponse:
    return redirect("security")


@public
@require_GET
@never_cache
def waiting(request: HttpRequest) -> HttpResponse:
    """An account with this address exists: its person signs in to it, then the service is connected."""
    sociallogin = joining.waiting(request)
    if sociallogin is None:
        return redirect("account_login")
    return render(request, "account/service_waiting.html", {"provider": sociallogin.provider})


@signed_in
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """After that sign-in: connect the service that waits, where both sides proved the address."""
    name = joining.join(request, _person(request))
    if name:
        messages.success(request, _("%(service)s is connected.") % {"service": name})
        return redirect("home")
    messages.error(
        request, _("Not connected: confirm your address here first, then connect the service.")
    )
    return redirect("security")


@require_POST
@signed_in
@reauthentication_required
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(request)
    account = get_object_or_404(SocialAccount.objects.filter(user=user), pk=pk)
    try:
        sign_in_methods.disconnect(user=user, account=account)
    except LastSignInMethod:
        _refuse(request)
    return redirect("security")


@signed_in
@reauthentication_required
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """allauth's page, kept from taking the last way in."""
    user = _person(request)
    mine = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    passkey = get_object_or_404(mine, pk=pk)
    view = RemoveWebAuthnView.as_view()
    if request.method != "POST":
        return view(request, pk=pk)
    try:
        answer: HttpResponse = sign_in_methods.remove(
            user=user, method=passkey, how=lambda: view(request, pk=pk)
        )
    except LastSignInMethod:
        _refuse(request)
        return redirect("security")
    return answer


def _refuse(request: HttpRequest) -> None:
    messages.error(
        request,
        _("This is your last way to sign in. Set a password or add another way first."),
    )


def _person(request: HttpRequest) -> Any:
    return request.user
