"""What a person changes about the account itself: name, picture, notices, closing it."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import avatars, closing, notices, people, registry
from accounts.forms import PictureForm, RenameForm
from accounts.web.access import public, signed_in

PICTURE_SECONDS = 7 * 24 * 3600


@require_POST
@signed_in
def rename(request: HttpRequest) -> HttpResponse:
    form = RenameForm(request.POST, user=_person(request))
    if form.is_valid():
        try:
            people.rename(user=_person(request), username=form.cleaned_data["username"])
        except people.NameTaken:
            messages.error(request, _("This name is taken."))
        else:
            messages.success(request, _("Your user name is changed."))
        return redirect("profile")
    messages.error(request, form.errors["username"].as_text().removeprefix("* "))
    return redirect("profile")


@require_POST
@signed_in
def change_picture(request: HttpRequest) -> HttpResponse:
    form = PictureForm(request.POST, request.FILES)
    if "remove" in request.POST:
        avatars.remove(user=_person(request))
    elif form.is_valid():
        try:
            avatars.change(user=_person(request), content=form.cleaned_data["picture"].read())
        except avatars.PictureUnreadable:
            messages.error(request, _("This is not a picture we can read. Take a PNG or JPEG."))
            return redirect("profile")
    else:
        messages.error(request, form.errors["picture"].as_text().removeprefix("* "))
        return redirect("profile")
    messages.success(request, _("Saved."))
    return redirect("profile")


@require_GET
@signed_in
def picture(request: HttpRequest, owner: str, number: str) -> HttpResponse:
    """The picture of a person, for those who work with them."""
    content = registry.picture(id=f"{owner}/{number}", viewer=_person(request))
    if content is None:
        raise Http404
    answer = HttpResponse(content, content_type="image/png")
    answer["Cache-Control"] = f"private, max-age={PICTURE_SECONDS}, immutable"
    answer["Content-Disposition"] = "inline"
    return answer


@require_POST
@signed_in
def choose_notices(request: HttpRequest) -> HttpResponse:
    """Every kind of notice with its two boxes; an empty box is a wish too."""
    choices = {
        key: (f"{key}.mail" in request.POST, f"{key}.app" in request.POST)
        for key in registry.notice_types
    }
    notices.choose(user=_person(request), choices=choices)
    messages.success(request, _("Saved."))
    return redirect("settings")


@require_http_methods(["GET", "POST"])
@signed_in
@reauthentication_required
@never_cache
def close(request: HttpRequest) -> HttpResponse:
    """Say what closing means, then do it."""
    user = _person(request)
    if request.method == "GET":
        due = formats.date_format(timezone.localtime(timezone.now() + closing.GRACE))
        return render(request, "accounts/close.html", {"due": due})
    try:
        closing.close(user=user)
    except closing.OwnsSharedWorkspace as error:
        return render(request, "accounts/close.html", {"shared": error.shared})
    logout(request)
    return redirect("account_closed")


@public
@require_GET
def closed(request: HttpRequest) -> HttpResponse:
    return render(request, "account/closed.html", {"days": closing.GRACE.days})


def _person(request: HttpRequest) -> Any:
    return request.user
