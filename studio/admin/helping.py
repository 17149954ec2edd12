"""The AI's help in every workspace: agents, requests, batches by state and cost. Never a prompt, a text or an output."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from laojun import audit
from laojun.audit import Target
from studio.admin.works import Unwritten
from studio.models import Agent, AIRequest, Batch
from taishang import transitions
from taishang.admin.console import actor, ask
from taishang.transitions import IllegalTransition

USAGE = timedelta(days=30)
TEXTS = ("system_prompt", "knowledge", "examples", "variables", "share_code")


@admin.register(Agent)
class AgentAdmin(Unwritten):
    """Writing agents: whose they are, how much they are used, whether they are shared."""

    icon = "spark"
    list_display = (
        "name",
        "workspace",
        "user",
        "category",
        "output_mode",
        "version",
        "usage_count",
        "shown_usage",
        "is_public",
        "share_expires_at",
        "deleted_at",
    )
    list_filter = ("category", "output_mode", "is_builtin", "is_public")
    search_fields = ("name",)
    list_select_related = ("workspace", "user")
    ordering = ("-updated_at",)
    actions = ("end_sharing",)
    exclude = TEXTS

    @display(description=gettext_lazy("requests in 30 days"))
    def shown_usage(self, agent: Agent) -> int:
        """Those of the platform over all workspaces."""
        return int(agent.asked)  # type: ignore[attr-defined]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Agent]:
        asked = AIRequest.objects.filter(agent=OuterRef("pk"), created_at__gt=_recently())
        counted = asked.order_by().values("agent").annotate(all=Count("id")).values("all")
        rows: models.QuerySet[Agent] = super().get_queryset(request)
        return rows.annotate(asked=Coalesce(Subquery(counted), 0))

    @admin.action(description=gettext_lazy("End sharing"))
    def end_sharing(
        self, request: HttpRequest, rows: models.QuerySet[Agent]
    ) -> HttpResponse | None:
        effect = _("The codes of these agents lead nowhere at once; copies stay.")
        question = ask(request, self, action="end_sharing", effect=effect, rows=rows)
        if question is None:
            for agent in rows.filter(share_code__isnull=False):
                agent.share_code = agent.share_expires_at = None
                agent.save(update_fields=["share_code", "share_expires_at", "updated_at"])
                target = Target("agent", str(agent.pk), workspace_id=agent.workspace_id)
                audit.record(actor=actor(request), action="agent.share_ended", target=target)
            messages.success(request, _("They are no longer shared."))
        return question


@admin.register(AIRequest)
class AIRequestAdmin(Unwritten):
    """Requests to the AI: kind, state, size, why they failed."""

    icon = "activity"
    list_display = (
        "created_at",
        "workspace",
        "user_name",
        "request_type",
        "status",
        "context_tokens",
        "is_partial",
        "error_message",
    )
    list_filter = ("request_type", "status", "is_partial")
    search_fields = ("user_name", "trace_id")
    list_select_related = ("workspace",)
    ordering = ("-created_at",)
    actions = ("stop",)
    exclude = (
        "instruction",
        "input_text",
        "output_text",
        "context",
        "anchor_quote",
        "anchor_prefix",
        "anchor_suffix",
    )

    @admin.action(description=gettext_lazy("Stop"))
    def stop(self, request: HttpRequest, rows: models.QuerySet[AIRequest]) -> HttpResponse | None:
        effect = _("What had arrived is kept as a proposal; no more is asked for.")
        question = ask(request, self, action="stop", effect=effect, rows=rows)
        if question is None:
            for one in rows.filter(status__in=("pending", "processing")):
                _end_task(one.task_id, request)
                target = Target("ai_request", str(one.pk), workspace_id=one.workspace_id)
                audit.record(actor=actor(request), action="ai_request.stopped", target=target)
            messages.success(request, _("They are being stopped."))
        return question


@admin.register(Batch)
class BatchAdmin(Unwritten):
    """Batches of chapters: how they stand, why they rest, what they cost."""

    icon = "list"
    list_display = (
        "created_at",
        "workspace",
        "work",
        "user",
        "state",
        "pause_reason",
        "spent",
        "max_cost",
    )
    list_filter = ("state", "pause_reason")
    search_fields = ("work__title",)
    list_select_related = ("workspace", "work", "user")
    ordering = ("-created_at",)
    actions = ("cancel",)
    exclude = ("options",)

    @admin.action(description=gettext_lazy("Cancel"))
    def cancel(self, request: HttpRequest, rows: models.QuerySet[Batch]) -> HttpResponse | None:
        effect = _("No further chapter is begun; what is written stays.")
        question = ask(request, self, action="cancel", effect=effect, rows=rows)
        if question is None:
            for batch in rows:
                living = Batch.objects.live().filter(pk=batch.pk)
                if not living.update(state=Batch.State.CANCELLED, updated_at=timezone.now()):
                    continue
                _end_task(batch.task_id, request)
                target = Target("batch", str(batch.pk), workspace_id=batch.workspace_id)
                audit.record(actor=actor(request), action="batch.cancelled", target=target)
            messages.success(request, _("They are cancelled."))
        return question


def _recently() -> datetime:
    return timezone.now() - USAGE


def _end_task(task_id: Any, request: HttpRequest) -> None:
    if task_id is not None:
        with suppress(IllegalTransition):
            transitions.cancel(task_id, by=actor(request).name, reason="operator")
