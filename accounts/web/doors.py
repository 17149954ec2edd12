"""Every door of the installation, read from the URL table: operations of the API, and pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import site
from django.urls import URLPattern, URLResolver

from accounts.registry import console_rights, permissions
from accounts.web.console import model_of
from accounts.web.permissions import OPERATOR, PUBLIC, SIGNED_IN
from accounts.web.views import ApiView

METHODS = ("get", "post", "put", "patch", "delete")
WITHOUT_KEY = {PUBLIC, SIGNED_IN, OPERATOR}
# Their own packages ask who it is: signing in and out happens there.
OTHERS = ("allauth.", "django.contrib.admin.", "django.views.", "unfold.")


@dataclass(frozen=True)
class Page:
    """A page of ours: its route with the kinds of its parts, and what it needs (None: it does not say)."""

    route: str
    needs: str | None
    name: str


def undeclared(views: set[type[ApiView]]) -> Iterator[tuple[type[ApiView], str, str]]:
    """Operations that do not say what they need, or name a key that does not exist."""
    for view in sorted(views, key=lambda view: view.__qualname__):
        for method in (name.upper() for name in METHODS if hasattr(view, name)):
            needed = view.required_permissions.get(method)
            if needed is None:
                yield view, method, "declares no permission for it"
            elif needed not in WITHOUT_KEY and needed not in permissions:
                yield view, method, f"needs the unknown permission {needed}"


def undeclared_pages(found: Iterator[Page]) -> Iterator[tuple[Page, str]]:
    for page in found:
        if page.needs is None:
            yield page, "does not say who may open it"
        elif page.needs not in WITHOUT_KEY and page.needs not in permissions:
            yield page, f"needs the unknown permission {page.needs}"


def keys_nobody_asks_for(resolver: Any) -> list[str]:
    """Permissions that no operation, page or list of the console asks for: they would promise nothing.

    A key that is `within` another one is asked for behind the doors of that one.
    """
    asked = {page.needs for page in pages(resolver)}
    for view in api_views(resolver):
        asked.update(view.required_permissions.values())
    for right in console_rights.values():
        asked.update((right.view, right.change))
    return sorted(
        key for key, entry in permissions.items() if key not in asked and entry.within not in asked
    )


def api_views(resolver: Any) -> Iterator[type[ApiView]]:
    for _route, pattern in _patterns(resolver, ""):
        view = getattr(pattern.callback, "view_class", None)
        if isinstance(view, type) and issubclass(view, ApiView):
            yield view


def pages(resolver: Any) -> Iterator[Page]:
    """The pages that the product itself serves; lists of the console are guarded by their models."""
    for route, pattern in _patterns(resolver, ""):
        view = pattern.callback
        if hasattr(view, "view_class") or model_of(view) is not None:
            continue
        needed = getattr(view, "required_permission", None)
        if needed is None and (view.__module__.startswith(OTHERS) or _belongs_to_the_admin(view)):
            continue
        yield Page(route, needed, str(pattern.name or view.__name__))


def _belongs_to_the_admin(view: Any) -> bool:
    return getattr(view, "admin_site", None) is site


def _patterns(resolver: Any, before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern
