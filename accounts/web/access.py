"""Who may open a page. Every page says so by one of these; a page that says nothing fails the system check."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.authentication import Principal
from accounts.models import User, Workspace
from accounts.web.permissions import OPERATOR, PUBLIC, SIGNED_IN

View = Callable[..., HttpResponseBase]
READS = frozenset({"GET", "HEAD", "OPTIONS"})


def public(view: View) -> View:
    """Anybody, signed in or not."""
    view.required_permission = PUBLIC  # type: ignore[attr-defined]
    return view


def operators(view: View) -> View:
    """Operators; the view itself asks for the platform permission and hides itself from others."""
    view.required_permission = OPERATOR  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Any signed-in person, for what belongs to the person alone."""
    guarded = login_required(view)
    guarded.required_permission = SIGNED_IN  # type: ignore[attr-defined]
    return guarded


def needs(key: str, *, while_frozen: bool = False) -> Callable[[View], View]:
    """Let in whoever holds the permission `key` in the workspace at hand; others see the page for 403.

    Writing needs an active workspace too, unless `while_frozen`.
    """

    def guard(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            principal = principal_of(request)
            if not principal.may(key) or (not while_frozen and _is_frozen(request, principal)):
                raise PermissionDenied(key)
            return view(request, *args, **kwargs)

        guarded.required_permission = key  # type: ignore[attr-defined]
        return guarded

    return guard


def principal_of(request: HttpRequest) -> Principal:
    return cast(Principal, request.principal)  # type: ignore[attr-defined]


def person_of(request: HttpRequest) -> User:
    """Behind `needs` and `signed_in` there always is one."""
    return cast(User, request.user)


def _is_frozen(request: HttpRequest, principal: Principal) -> bool:
    return request.method not in READS and principal.workspace_status != Workspace.Status.ACTIVE
