"""What is left of one's limits."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from accounts import limits
from accounts.web.access import signed_in


@signed_in
@never_cache
def overview(request: HttpRequest) -> HttpResponse:
    workspace_id = request.principal.workspace_id  # type: ignore[attr-defined]
    user: Any = request.user
    found = limits.look(limits.demands_of(user=user, workspace_id=workspace_id))
    return render(request, "accounts/limits.html", {"limits": found})
