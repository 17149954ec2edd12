"""What must hold before the platform starts; each finding says what to do."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.registry import permissions
from accounts.web.permissions import OPERATOR, PUBLIC, SIGNED_IN
from accounts.web.views import ApiView

METHODS = ("get", "post", "put", "patch", "delete")
WITHOUT_KEY = {PUBLIC, SIGNED_IN, OPERATOR}


@register()
def views_declare_permissions(**_: Any) -> list[CheckMessage]:
    """Every method of every API view says what it needs, by a key that exists."""
    return [
        Error(
            f"{view.__module__}.{view.__name__} answers {method} and {fault}.",
            hint="Name a permission key, PUBLIC, SIGNED_IN or OPERATOR in `required_permissions`.",
            id="accounts.E001",
        )
        for view, method, fault in undeclared(set(_api_views(get_resolver().url_patterns)))
    ]


def undeclared(views: set[type[ApiView]]) -> Iterator[tuple[type[ApiView], str, str]]:
    for view in sorted(views, key=lambda view: view.__qualname__):
        for method in (name.upper() for name in METHODS if hasattr(view, name)):
            needed = view.required_permissions.get(method)
            if needed is None:
                yield view, method, "declares no permission for it"
            elif needed not in WITHOUT_KEY and needed not in permissions:
                yield view, method, f"needs the unknown permission {needed}"


def _api_views(patterns: list[Any]) -> Iterator[type[ApiView]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _api_views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "view_class", None)
            if isinstance(view, type) and issubclass(view, ApiView):
                yield view
