"""The workspace at hand, as its own pages need it."""

from collections.abc import Callable
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts import sessions
from accounts.models import Workspace
from accounts.web.access import person_of, principal_of


def workspace_of(request: HttpRequest, *, lock: bool = False) -> Workspace:
    rows = Workspace.objects.visible_to(person_of(request))
    rows = rows.select_related("owner", "offered_to", "changed_by")
    if lock:
        rows = rows.select_for_update(of=("self",))
    return get_object_or_404(rows, pk=principal_of(request).workspace_id)


def freshly(view: Callable[..., Any]) -> Callable[..., Any]:
    """Ask for the password once more if the sign-in is older than ten minutes, then go on."""
    guarded: Callable[..., Any] = reauthentication_required(enabled=_is_stale)(view)
    return guarded


def _is_stale(request: HttpRequest) -> bool:
    return not sessions.is_fresh(principal_of(request).session_id, now=timezone.now())
