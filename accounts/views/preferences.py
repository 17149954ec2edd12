"""The settings page and the profile. With scripts, both are sent field by field through the API's queue."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts import notices, preferences
from accounts.forms import ProfileForm, SettingsForm
from accounts.models import Profile, UserSettings
from accounts.web import etags, frame
from accounts.web.access import signed_in

GROUPS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "appearance": (_("Appearance"), ("theme", "language", "timezone")),
    "editor": (
        _("Editor"),
        (
            "editor_font_family",
            "editor_font_size",
            "editor_line_height",
            "editor_paragraph_spacing",
            "editor_word_wrap",
            "show_sidebar",
            "show_outline",
            "show_status_bar",
            "auto_save_interval",
        ),
    ),
    "ai": (_("AI"), ("default_model_id", "default_agent_id")),
    "export": (_("Export"), ("export_format", "export_include_metadata")),
}
UNITS = {
    "editor_font_size": _("px"),
    "editor_paragraph_spacing": _("px"),
    "auto_save_interval": _("seconds"),
}
# So few values that all of them are in sight.
SEGMENTED = {"theme", "language"}


@signed_in
def settings(request: HttpRequest) -> HttpResponse:
    row = get_object_or_404(UserSettings, user=request.user)
    form = SettingsForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        preferences.change_settings(user=_person(request), fields=form.cleaned_data)
        messages.success(request, _("Saved."))
        return frame.remember_look(redirect("settings"), form.cleaned_data)
    groups = [
        (key, title, [(form[name], UNITS.get(name, "")) for name in names])
        for key, (title, names) in GROUPS.items()
    ]
    return render(
        request,
        "accounts/settings.html",
        {
            "form": form,
            "groups": groups,
            "segmented": SEGMENTED,
            "notices": notices.wishes(_person(request)),
        },
    )


@require_POST
@signed_in
def reset(request: HttpRequest, group: str) -> HttpResponse:
    if group not in GROUPS:
        raise Http404
    blank = UserSettings()
    first = {name: getattr(blank, name) for name in GROUPS[group][1]}
    preferences.change_settings(user=_person(request), fields=first)
    messages.success(request, _("The first values are back."))
    return frame.remember_look(redirect("settings"), first)


@signed_in
def profile(request: HttpRequest) -> HttpResponse:
    row = get_object_or_404(Profile, user=request.user)
    form = ProfileForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        preferences.change_profile(profile=row, fields=form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form, "etag": etags.of(request, row)})


def _person(request: HttpRequest) -> Any:
    return request.user
