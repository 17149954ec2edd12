"""What is left of one's limits, and of the workspace's."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import limits
from accounts.registry import usages
from accounts.web.access import needs, principal_of, signed_in


@signed_in
@never_cache
def overview(request: HttpRequest) -> HttpResponse:
    workspace_id = request.principal.workspace_id  # type: ignore[attr-defined]
    user: Any = request.user
    found = limits.look(limits.demands_of(user=user, workspace_id=workspace_id))
    return render(request, "accounts/limits.html", {"limits": found})


@needs("workspace.view")
@never_cache
@require_safe
def of_workspace(request: HttpRequest) -> HttpResponse:
    """What the workspace as a whole has used of what it may."""
    workspace_id = principal_of(request).workspace_id or 0
    return render(request, "workspace/limits.html", of_whole(workspace_id))


def of_whole(workspace_id: int) -> dict[str, Any]:
    """What `workspace/_limits.html` shows; called inside the workspace, or in the platform scope."""
    measured = [(usage, *usage.measure(workspace_id)) for usage in usages.values()]
    return {
        "usages": [
            {"entry": usage, "used": used, "most": most, "is_full": used >= most}
            for usage, used, most in measured
        ],
        "limits": limits.look(limits.demands_of_workspace(workspace_id)),
    }
