"""What the AI used for one's writing."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.web.access import needs, principal_of
from studio import usage
from studio.models import AIRequest

DAYS = (7, 30, 90)
AXES = (
    ("day", _("By day")),
    ("model", _("By model")),
    ("purpose", _("By kind of help")),
    ("work", _("By work")),
    ("agent", _("By agent")),
)


@require_GET
@needs("work.view")
def index(request: HttpRequest) -> HttpResponse:
    """By day, model, kind of help, work and agent."""
    principal = principal_of(request)
    chosen = request.GET.get("days", "30")
    days = int(chosen) if chosen in map(str, DAYS) else 30
    found = usage.rows(
        user_id=principal.user.pk,  # type: ignore[union-attr]
        workspace_id=principal.workspace_id or 0,
        since=timezone.localdate() - timedelta(days=days - 1),
    )
    for row in found:
        row["purpose"] = _kind(row["purpose"])
    shown = {
        "days": days,
        "choices": DAYS,
        "tables": [(label, usage.summed(found, axis)) for axis, label in AXES],
        "calls": sum(row["calls"] for row in found),
        "tokens": sum(row["input_tokens"] + row["output_tokens"] for row in found),
        "cost": sum(row["cost"] or 0 for row in found),
        "unpriced": sum(row["unpriced"] for row in found),
    }
    return render(request, "studio/ai_usage.html", shown)


def _kind(purpose: str) -> str:
    name = purpose.removeprefix("studio.")
    return str(AIRequest.Type(name).label) if name in AIRequest.Type.values else name
