"""Every door of the installation, read from the URL table: operations of the API, and pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import site
from django.urls import URLPattern, URLResolver

from accounts.web.console import model_of
from accounts.web.views import ApiView

# Their own packages ask who it is: signing in and out happens there.
OTHERS = ("allauth.", "django.contrib.admin.", "django.views.", "unfold.")


@dataclass(frozen=True)
class Page:
    """A page of ours: its route with the kinds of its parts, and what it needs (None: it does not say)."""

    route: str
    needs: str | None
    name: str


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
