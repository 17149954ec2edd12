"""Who may look at and act on a page of the operators' console: superusers, and holders of platform roles."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest

from accounts.models import User

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class ByPlatformRole:
    """For lists of the console: only those who may act see the actions."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions if may_act(self, request) else {}


def may_act(page: Any, request: HttpRequest) -> bool:
    """Whether this operator may change what the page's list shows."""
    return _may(request, page.model, "change")


def guard(request: HttpRequest, view: Callable[..., Any]) -> None:
    """Before any view of the console: reading needs the right to look, everything else the right to act.

    Raises PermissionDenied. Views that belong to no list (the first screen, search) check for themselves.
    """
    model = model_of(view)
    deed = "view" if request.method in READS else "change"
    if model is not None and not _may(request, model, deed):
        raise PermissionDenied


def model_of(view: Callable[..., Any]) -> type[Model] | None:
    """The model whose list a view of the admin belongs to; pages of our own are methods of the list's class."""
    page = getattr(view, "model_admin", None) or getattr(
        getattr(view, "__wrapped__", None), "__self__", None
    )
    return getattr(page, "model", None)


def _may(request: HttpRequest, model: type[Model], deed: str) -> bool:
    user: User = request.user  # type: ignore[assignment]
    return user.has_perm(f"{model._meta.app_label}.{deed}_{model._meta.model_name}")
