"""The operator's first screen and side bar, around the lists of the admin."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts import tenancy
from accounts.registry import (
    ConsoleEntry,
    ConsolePanel,
    ConsoleTile,
    console_entries,
    console_panels,
    console_tiles,
)
from accounts.rls import OPERATOR
from accounts.web.access import operators, public

SCOPE_REASON = "operator's first screen"
APP_ICONS = {"accounts": "group", "laojun": "foundation", "taishang": "deployed_code"}
MODEL_ICON = "chevron_right"


@public
def sign_in(request: HttpRequest) -> HttpResponse:
    """The console has no sign-in of its own; to somebody who may not enter it does not exist."""
    if request.user.is_authenticated and not request.user.is_staff:
        raise Http404
    wanted = request.GET.get("next", "")
    here = wanted if wanted.startswith("/admin/") else reverse("admin:index")
    return redirect(f"{reverse('account_login')}?{urlencode({'next': here})}")


@operators
@never_cache
def tile(request: HttpRequest, key: str) -> HttpResponse:
    entry = console_tiles.get(key)
    if entry is None or not _may_see(request, entry):
        raise Http404
    with _platform():
        context = {"tile": entry, **entry.build()}
        return render(request, "accounts/_console_tile.html", context)


@operators
@never_cache
def panel(request: HttpRequest, key: str) -> HttpResponse:
    entry = console_panels.get(key)
    if entry is None or not _may_see(request, entry):
        raise Http404
    with _platform():
        return render(request, entry.template, entry.build())


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the first screen shows besides the lists: numbers and panels that refresh themselves."""
    for name, store in (("tiles", console_tiles), ("panels", console_panels)):
        seen = [entry for entry in store.values() if _may_see(request, entry)]
        context[name] = sorted(seen, key=lambda entry: entry.order)
    return context


def without_inline_colours(request: HttpRequest) -> dict[str, Any]:
    return {"colors": {}}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Our own pages by group, then the lists of each app that this person may open."""
    start = {"title": _("Overview"), "icon": "dashboard", "link": reverse("admin:index")}
    groups: dict[str, list[dict[str, Any]]] = {"": [start]}
    for entry in sorted(console_entries.values(), key=lambda one: one.order):
        if _may_see(request, entry) and (address := _address(entry)):
            item = {"title": entry.label, "icon": entry.icon, "link": address}
            groups.setdefault(str(entry.group), []).append(item)
    for app in admin.site.get_app_list(request):
        groups.setdefault(str(app["name"]), []).extend(_lists(app))
    return [
        {"title": title, "separator": bool(title), "collapsible": False, "items": items}
        for title, items in groups.items()
    ]


def _lists(app: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "title": str(model["name"]),
            "icon": getattr(admin.site._registry[model["model"]], "icon", MODEL_ICON),
            "link": model["admin_url"],
        }
        for model in app["models"]
        if model["admin_url"]
    ]


def _address(entry: ConsoleEntry) -> str:
    try:
        return reverse(entry.url_name)
    except NoReverseMatch:
        return ""


def _may_see(request: HttpRequest, entry: ConsoleTile | ConsolePanel | ConsoleEntry) -> bool:
    """Whether the entry is for this operator: its permission held on the platform, or none needed."""
    user: Any = request.user
    if not getattr(user, "is_staff", False):
        return False
    return entry.permission is None or bool(user.may_on_platform(entry.permission))


@contextmanager
def _platform() -> Iterator[None]:
    """The platform scope, entered once: the console's middleware may already have done so."""
    if tenancy.current().role == OPERATOR:
        yield
        return
    with tenancy.platform_scope(reason=SCOPE_REASON):
        yield
