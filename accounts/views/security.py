"""Who is signed in where, and which keys programs hold."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import api_keys, second_factor, sessions
from accounts.forms import ApiKeyForm
from accounts.models import ApiKey, Session, SignIn
from accounts.registry import permissions
from accounts.views import services
from accounts.web.access import needs, signed_in

EXPIRES_SOON = timedelta(days=7)
SHOWN = 12


def _is_stale(request: HttpRequest) -> bool:
    """Whether the person must type the password once more: signed in longer ago than ten minutes."""
    return not sessions.is_fresh(_principal(request).session_id, now=timezone.now())


@signed_in
@never_cache
def overview(request: HttpRequest) -> HttpResponse:
    return _page(request, form=_key_form(request))


@require_POST
@signed_in
def end_session(request: HttpRequest, pk: UUID) -> HttpResponse:
    session = get_object_or_404(Session.objects.filter(user=_person(request)), pk=pk)
    sessions.end(session=session)
    messages.success(request, _("The device is signed out."))
    return redirect("security")


@require_POST
@signed_in
@reauthentication_required(enabled=_is_stale)
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    ended = sessions.end_all(user=_person(request), but=_principal(request).session_id)
    messages.success(request, _("%(count)d other devices are signed out.") % {"count": ended})
    return redirect("security")


@require_POST
@needs("api_key.manage")
@reauthentication_required(enabled=_is_stale)
@never_cache
def create_key(request: HttpRequest) -> HttpResponse:
    """Mint a key and show its text, this once, on the same page."""
    form = _key_form(request, request.POST)
    if not form.is_valid():
        return _page(request, form=form)
    principal = _principal(request)
    try:
        key, text = api_keys.mint(
            user=_person(request),
            workspace_id=principal.workspace_id,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            held=principal.permissions(),
            expires_at=timezone.now() + timedelta(days=int(form.cleaned_data["days"])),
        )
    except api_keys.TooManyKeys:
        form.add_error(None, _("You have as many keys as one person may have. Revoke one first."))
        return _page(request, form=form)
    return _page(request, form=_key_form(request), made=key, text=text)


@require_POST
@signed_in
def revoke_key(request: HttpRequest, pk: UUID) -> HttpResponse:
    key = get_object_or_404(ApiKey.objects.filter(user=_person(request)), pk=pk)
    api_keys.revoke(api_key=key, by=_person(request))
    messages.success(request, _("The key %(name)s is revoked.") % {"name": key.name})
    return redirect("security")


@require_POST
@signed_in
@reauthentication_required(enabled=_is_stale)
def revoke_all_keys(request: HttpRequest) -> HttpResponse:
    ended = api_keys.revoke_all(user=_person(request))
    messages.success(request, _("%(count)d API keys are revoked.") % {"count": ended})
    return redirect("security")


def _page(
    request: HttpRequest, *, form: ApiKeyForm, made: ApiKey | None = None, text: str = ""
) -> HttpResponse:
    now = timezone.now()
    live = Session.objects.live(now).filter(user=_person(request)).order_by("-last_seen_at")
    keys = ApiKey.objects.live(now).filter(user=_person(request)).order_by("-created_at")
    return render(
        request,
        "accounts/security.html",
        {
            "sessions": live,
            "this_session": _principal(request).session_id,
            "keys": keys,
            "soon": now + EXPIRES_SOON,
            "form": form,
            "may_manage_keys": _principal(request).may("api_key.manage"),
            "made": made,
            "text": text,
            "public_url": settings.PUBLIC_URL,
            "sign_ins": SignIn.objects.visible_to(_person(request)).order_by("-created_at")[:SHOWN],
            "services": services.listed(request),
            "factors": second_factor.listed(_person(request)),
            "factor_due": second_factor.due_at(_person(request)),
            "has_password": _person(request).has_usable_password(),
        },
    )


def _key_form(request: HttpRequest, data: Any = None) -> ApiKeyForm:
    """The form offers what this person may do here; a key can hold no more."""
    in_english = (translation.get_language() or "").startswith("en")
    offered = [
        (key, permissions[key].label_en if in_english else permissions[key].label_zh)
        for key in permissions
        if _principal(request).may(key)
    ]
    return ApiKeyForm(data, scopes=offered)


def _principal(request: HttpRequest) -> Any:
    return request.principal  # type: ignore[attr-defined]


def _person(request: HttpRequest) -> Any:
    return request.user
