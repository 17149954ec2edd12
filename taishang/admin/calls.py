"""Calls of models in every workspace, and the providers behind them: what is slow, what fails, what is left alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from laojun import audit
from laojun.audit import Target
from taishang.admin.console import OperatorAdmin, actor, ask, in_scope
from taishang.gateway import breakers, cancelling
from taishang.gateway.cancelling import CallFinished
from taishang.gateway.latency import latencies
from taishang.models import Model, ModelCall

FIGURE_HOURS = 24


@admin.register(ModelCall)
class ModelCallAdmin(OperatorAdmin):
    """What was asked of whom, how it ended, what it used. What was said is not kept."""

    icon = "forum"
    list_display = (
        "created_at",
        "purpose",
        "shown_model",
        "status",
        "error_class",
        "workspace",
        "user",
        "input_tokens",
        "output_tokens",
        "shown_cost",
        "shown_first",
        "duration_ms",
    )
    list_filter = ("status", "kind", "error_class", "is_cached", "degraded")
    search_fields = ("purpose", "trace_id", "subject_id")
    list_select_related = ("workspace", "user")
    ordering = ("-created_at",)
    actions = ("stop",)
    exclude = ("partial_text", "params", "prices", "charged_to", "lease_owner")
    list_before_template = "admin/taishang/calls.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ModelCall]:
        name = Model.objects.filter(pk=models.OuterRef("model_id")).values("name")[:1]
        version = Model.objects.filter(pk=models.OuterRef("model_id")).values("version")[:1]
        return (
            super()
            .get_queryset(request)
            .defer("partial_text")
            .annotate(model_name=models.Subquery(name), model_version=models.Subquery(version))
        )

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                "providers/",
                self.admin_site.admin_view(self.providers),
                name="model_providers",
            ),
            path(
                "providers/<int:model_id>/reset/",
                self.admin_site.admin_view(self.reset_provider),
                name="model_provider_reset",
            ),
        ]
        return [*pages, *super().get_urls()]

    @in_scope
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        since = timezone.now() - timedelta(hours=FIGURE_HOURS)
        context = {**(extra_context or {}), "latencies": latencies(since), "hours": FIGURE_HOURS}
        return super().changelist_view(request, context)

    @in_scope
    def providers(self, request: HttpRequest) -> HttpResponse:
        """Every address and key that a model is reached by: its breaker, and how many calls are under way."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Providers"),
            "opts": self.model._meta,
            "providers": _providers(),
        }
        return TemplateResponse(request, "admin/taishang/providers.html", context)

    @in_scope
    def reset_provider(self, request: HttpRequest, model_id: int) -> HttpResponse:
        model = Model.objects.filter(pk=model_id).first()
        if request.method == "POST" and model is not None:
            breakers.reset(breakers.name_of(model))
            audit.record(
                actor=actor(request),
                action="provider.reset",
                target=Target("model", str(model.pk), platform=True),
            )
            messages.success(request, _("The provider is asked again from the next call on."))
        return redirect("admin:model_providers")

    @admin.action(description=gettext_lazy("Stop"))
    def stop(self, request: HttpRequest, rows: models.QuerySet[ModelCall]) -> HttpResponse | None:
        effect = _("These calls end within a second; what has arrived is kept and billed.")
        question = ask(request, self, action="stop", effect=effect, rows=rows)
        if question is None:
            for call in rows:
                try:
                    cancelling.cancel(call=call, by=actor(request))
                except CallFinished:
                    messages.info(request, _("A call had ended already."))
        return question

    @display(description=gettext_lazy("model"))
    def shown_model(self, call: Any) -> str:
        return f"{call.model_name}@{call.model_version}" if call.model_name else "–"

    @display(description=gettext_lazy("cost"))
    def shown_cost(self, call: ModelCall) -> str:
        return _("unknown") if call.cost is None and not call.is_live else f"{call.cost or 0:f}"

    @display(description=gettext_lazy("first word (ms)"))
    def shown_first(self, call: ModelCall) -> int | None:
        if call.first_token_at is None:
            return None
        return int((call.first_token_at - call.started_at).total_seconds() * 1000)


def _providers() -> list[dict[str, Any]]:
    """One line for each breaker; models that share address and key share it."""
    now = timezone.now()
    recent = ModelCall.objects.filter(created_at__gte=now - timedelta(hours=FIGURE_HOURS))
    running = dict(recent.running().values_list("model_id").annotate(number=Count("pk")).order_by())
    failed = dict(
        recent.filter(status=ModelCall.Status.FAILED)
        .values_list("model_id")
        .annotate(number=Count("pk"))
        .order_by()
    )
    lines: dict[str, dict[str, Any]] = {}
    for model in Model.objects.live().select_related("workspace").order_by("provider", "base_url"):
        name = breakers.name_of(model)
        line = lines.setdefault(
            name, {"model": model, "models": [], "running": 0, "failed": 0, "state": None}
        )
        line["models"].append(str(model))
        line["running"] += running.get(model.pk, 0)
        line["failed"] += failed.get(model.pk, 0)
    for name, line in lines.items():
        line["state"] = breakers.state(name)
    return sorted(lines.values(), key=lambda line: not line["state"].is_open)
