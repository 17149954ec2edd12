"""What must hold before the platform starts; each finding says what to do."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.checks import CheckMessage, Error, register
from django.urls import get_resolver

from accounts.registry import console_rights, limit_classes, page_limits, permissions
from accounts.web.doors import METHODS, api_views, pages, undeclared, undeclared_pages
from accounts.web.views import ApiView


@register()
def views_declare_permissions(**_: Any) -> list[CheckMessage]:
    """Every method of every API view says what it needs, by a key that exists."""
    return [
        Error(
            f"{view.__module__}.{view.__name__} answers {method} and {fault}.",
            hint="Name a permission key, PUBLIC, SIGNED_IN or OPERATOR in `required_permissions`.",
            id="accounts.E001",
        )
        for view, method, fault in undeclared(set(api_views(get_resolver())))
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
        for where, method, fault in unlimited(set(api_views(get_resolver())))
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


@register()
def pages_declare_permissions(**_: Any) -> list[CheckMessage]:
    """Every page says who may open it, by a key that exists."""
    return [
        Error(
            f"The page {page.route} {fault}.",
            hint="Put `needs(key)`, `signed_in`, `public` or `operators` of accounts.web.access on it.",
            id="accounts.E003",
        )
        for page, fault in undeclared_pages(pages(get_resolver()))
    ]


@register()
def console_lists_declare_permissions(**_: Any) -> list[CheckMessage]:
    """Every list of the console says which permissions look at it and act on it."""
    found: list[CheckMessage] = []
    for model in admin.site._registry:
        name = model._meta.label_lower
        right = console_rights.get(name)
        unknown = (
            [key for key in (right.view, right.change) if key not in permissions]
            if right
            else [name]
        )
        if unknown:
            found.append(
                Error(
                    f"The console's list of {name} has no permission that exists: {unknown[0]}.",
                    hint="Add a ConsoleRight to `registry.console_rights` in the app's declarations.",
                    id="accounts.E004",
                )
            )
    return found
