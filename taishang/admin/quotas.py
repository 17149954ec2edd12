"""Quotas of workspaces and people: who is near the end, ceilings, beginning anew."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import F
from django.db.models.functions import Least
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from laojun import audit
from laojun.audit import Target
from taishang.admin.console import OperatorAdmin, actor, ask
from taishang.models import Quota, UserQuota
from taishang.quotas import changing
from taishang.quotas.changing import AboveCeiling


class QuotaForm(forms.ModelForm):
    class Meta:
        model = Quota
        fields = (
            "monthly_quota",
            "monthly_ceiling",
            "cost_quota",
            "cost_ceiling",
            "max_parallel_calls",
            "on_exhaust",
            "on_unknown_price",
            "anchor_day",
            "count_own_keys",
        )


@admin.register(Quota)
class QuotaAdmin(OperatorAdmin):
    """Workspaces by how much of their limit is used."""

    icon = "speed"
    form = QuotaForm
    list_display = (
        "workspace",
        "usage",
        "reserved",
        "shown_limit",
        "shown_percent",
        "cost_usage",
        "running",
        "on_exhaust",
        "resets_at",
    )
    list_filter = ("on_exhaust",)
    search_fields = ("workspace__name",)
    list_select_related = ("workspace",)
    ordering = ("-usage",)
    actions = ("begin_anew",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Quota]:
        limit = Least(F("monthly_quota"), F("monthly_ceiling"))
        return super().get_queryset(request).annotate(limit_in_force=limit)

    def save_model(self, request: HttpRequest, obj: Quota, form: Any, change: Any) -> None:
        held = changing.held(workspace_id=obj.pk)
        try:
            changing.change(
                quota=held,
                wishes=form.cleaned_data,
                actor=actor(request),
                fields=changing.OPERATORS,
            )
        except AboveCeiling as error:
            # The operator's own ceiling pulls the owner's limit down with it.
            wishes = {**form.cleaned_data, error.field: error.ceiling}
            changing.change(
                quota=changing.held(workspace_id=obj.pk),
                wishes=wishes,
                actor=actor(request),
                fields=changing.OPERATORS,
            )

    @admin.action(description=gettext_lazy("Begin the month anew"))
    def begin_anew(self, request: HttpRequest, rows: models.QuerySet[Quota]) -> HttpResponse | None:
        effect = _(
            "What was used this month counts as nothing. What running calls hold stays held."
        )
        question = ask(request, self, action="begin_anew", effect=effect, rows=rows)
        if question is None:
            for quota in rows:
                changing.reset(quota=quota, actor=actor(request), reason=effect)
        return question

    @display(description=gettext_lazy("limit"))
    def shown_limit(self, quota: Quota) -> int | str:
        return _("unlimited") if quota.token_limit is None else quota.token_limit

    @display(description=gettext_lazy("used"))
    def shown_percent(self, quota: Quota) -> str:
        limit = quota.token_limit
        return "–" if not limit else f"{quota.usage * 100 // limit} %"


@admin.register(UserQuota)
class UserQuotaAdmin(OperatorAdmin):
    """People by what they used of their plan, or of their share of a workspace."""

    icon = "person_search"
    fields = ("monthly_quota",)
    list_display = (
        "user",
        "workspace",
        "usage",
        "reserved",
        "monthly_quota",
        "running",
        "resets_at",
    )
    search_fields = ("user__username",)
    list_select_related = ("user", "workspace")
    ordering = ("-usage",)
    actions = ("begin_anew",)

    def save_model(self, request: HttpRequest, obj: UserQuota, form: Any, change: Any) -> None:
        before = UserQuota.objects.filter(pk=obj.pk).values("monthly_quota").first()
        obj.save(update_fields=["monthly_quota"])
        audit.record(
            actor=actor(request),
            action="quota.changed",
            target=Target("quota", f"user:{obj.user_id}", platform=True),
            before=before,
            after={"monthly_quota": obj.monthly_quota},
        )

    @admin.action(description=gettext_lazy("Begin the month anew"))
    def begin_anew(
        self, request: HttpRequest, rows: models.QuerySet[UserQuota]
    ) -> HttpResponse | None:
        effect = _(
            "What was used this month counts as nothing. What running calls hold stays held."
        )
        question = ask(request, self, action="begin_anew", effect=effect, rows=rows)
        if question is None:
            for quota in rows:
                changing.reset(quota=quota, actor=actor(request), reason=effect)
        return question
