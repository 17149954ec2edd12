"""What the frame of every page shows: theme, language, rooms, workspaces. One query, made when a page asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts import avatars, languages
from accounts.authentication import ANONYMOUS
from accounts.models import User, UserSettings, Workspace
from accounts.registry import NavigationEntry, navigation

THEME_COOKIE = "theme"
COOKIE_SECONDS = 365 * 24 * 3600
ROOMS_IN_BOTTOM_BAR = 4
Answer = TypeVar("Answer", bound=HttpResponse)


class DemoAccount(NamedTuple):
    """A sign-in that a demonstration tells everybody."""

    role: Any
    name: str
    password: str


@dataclass(frozen=True)
class Look:
    """The frame's facts. `workspaces` are dicts of id, name, kind and status."""

    theme: str
    language: str
    user: User | None = None
    name: str = ""
    avatar: str = ""
    rooms: list[dict[str, Any]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    tabs: list[dict[str, Any]] = field(default_factory=list)
    workspaces: list[dict[str, Any]] = field(default_factory=list)
    workspace: dict[str, Any] | None = None
    demo: list[DemoAccount] = field(default_factory=list)

    @property
    def places(self) -> list[dict[str, Any]]:
        """Everything that can be gone to, the tabs of the workspace's pages too."""
        return self.rooms + self.tools + self.tabs


def of(request: HttpRequest) -> Look:
    """The request's frame, worked out once."""
    if not hasattr(request, "_look"):
        request._look = _build(request)  # type: ignore[attr-defined]
    found: Look = request._look  # type: ignore[attr-defined]
    return found


def theme_of(request: HttpRequest) -> str:
    """The theme for somebody who is not signed in: what this browser last used."""
    wish = request.COOKIES.get(THEME_COOKIE, "")
    return wish if wish in UserSettings.Theme.values else UserSettings.Theme.SYSTEM


def remember_look(response: Answer, fields: Mapping[str, Any]) -> Answer:
    """Keep what was chosen of theme and language in this browser, for the time before the next sign-in."""
    cookies = {"theme": THEME_COOKIE, "language": settings.LANGUAGE_COOKIE_NAME}
    for name in cookies.keys() & fields.keys():
        response.set_cookie(
            cookies[name],
            fields[name],
            max_age=COOKIE_SECONDS,
            secure=settings.SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def _build(request: HttpRequest) -> Look:
    language = languages.WRITTEN.get(translation.get_language() or "", "zh-Hans")
    principal = getattr(request, "principal", ANONYMOUS)
    if principal.user is None:
        return Look(theme=theme_of(request), language=language, demo=_demo())
    person = _person(principal.user)
    places = _places(request)
    tabs = [place for place in places if place["group"] == "workspace"]
    rail = [place for place in places if place["group"] != "workspace"]
    _mark_current(tabs, request.path)
    _mark_current(rail, request.path)
    return Look(
        theme=person["theme"],
        language=language,
        user=principal.user,
        name=person["user__profile__display_name"] or principal.user.username,
        avatar=_own_picture(person["user__profile__avatar_url"]),
        rooms=[place for place in rail if place["group"] == "rooms"],
        tools=[place for place in rail if place["group"] != "rooms"],
        tabs=tabs,
        workspaces=person["workspaces"],
        workspace=next(
            (one for one in person["workspaces"] if one["id"] == principal.workspace_id), None
        ),
    )


def _demo() -> list[DemoAccount]:
    if not settings.DEMO:
        return []
    password = settings.SERVERS.secret("demo_password")
    return [
        DemoAccount(_("Member"), "demo@example.com", password),
        DemoAccount(_("Operator"), "operator@example.com", password),
    ]


def _person(user: User) -> dict[str, Any]:
    """Theme, display name and workspaces in one statement."""
    mine = Workspace.objects.visible_to(user).order_by("kind", "name", "id")
    rows = UserSettings.objects.filter(user=user).annotate(
        workspaces=ArraySubquery(
            mine.values(json=JSONObject(id="id", name="name", kind="kind", status="status"))
        )
    )
    found = rows.values(
        "theme", "user__profile__display_name", "user__profile__avatar_url", "workspaces"
    ).first()
    return (
        dict(found)
        if found
        else {
            "theme": UserSettings.Theme.SYSTEM,
            "user__profile__display_name": "",
            "user__profile__avatar_url": "",
            "workspaces": [],
        }
    )


def _own_picture(address: str) -> str:
    """Only pictures that we keep are shown; one elsewhere would tell its host who looks."""
    return address if address.startswith(avatars.ADDRESS) else ""


def _places(request: HttpRequest) -> list[dict[str, Any]]:
    """The entries this person may see, in order."""
    may = request.principal.may  # type: ignore[attr-defined]
    entries = sorted(navigation.values(), key=lambda entry: entry.order)
    places = [
        _place(entry) for entry in entries if entry.permission is None or may(entry.permission)
    ]
    known = [place for place in places if place["url"]]
    rooms = 0
    for place in known:
        rooms += place["group"] == "rooms"
        place["in_bar"] = place["group"] == "rooms" and rooms <= ROOMS_IN_BOTTOM_BAR
    return known


def _mark_current(places: list[dict[str, Any]], path: str) -> None:
    """The one place of a list that covers the page most closely."""
    here = max(
        (place["url"] for place in places if _covers(place["url"], path)), key=len, default=None
    )
    for place in places:
        place["current"] = place["url"] == here


def _place(entry: NavigationEntry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "label": entry.label,
        "icon": entry.icon,
        "group": entry.group,
        "url": _address(entry.url_name),
        "count_url": _address(entry.count_url_name) if entry.count_url_name else "",
    }


def _address(name: str) -> str:
    """The address of a place, or nothing while the app that declares it has no page there."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _covers(url: str, path: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))
