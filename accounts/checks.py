"""What must hold before the platform starts; each finding says what to do."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.registry import limit_classes, page_limits, permissions
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


@register()
def views_declare_limits(**_: Any) -> list[CheckMessage]:
    """Every method of every API view, and every page that says so, falls under limit classes that exist."""
    return [
        Error(
            f"{where} answers {method} and {fault}.",
            hint="Name classes of `registry.limit_classes` in `rate_limits` or `registry.page_limits`.",
            id="accounts.E002",
        )
        for where, method, fault in unlimited(set(_api_views(get_resolver().url_patterns)))
    ]


def unlimited(views: set[type[ApiView]]) -> Iterator[tuple[str, str, str]]:
    declared = [
        (f"{view.__module__}.{view.__name__}", name.upper(), view.rate_limits.get(name.upper(), ()))
        for view in sorted(views, key=lambda view: view.__qualname__)
        for name in METHODS
        if hasattr(view, name)
    ]
    for page, methods in page_limits.items():
        declared += [(page, method, classes) for method, classes in methods.items()]
    for where, method, classes in declared:
        if not classes:
            yield where, method, "falls under no limit"
        for name in classes:
            if name not in limit_classes:
                yield where, method, f"names the unknown limit {name}"


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
