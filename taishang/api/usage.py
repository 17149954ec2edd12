"""What AI use adds up to, and what may still be used."""

from decimal import Decimal
from typing import Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import limits
from accounts.web import etags
from accounts.web.parsing import JsonRenderer
from accounts.web.permissions import denied
from accounts.web.problems import Invalid, field_error
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from laojun.api.audit_logs import CsvRenderer
from laojun.audit import Actor
from taishang.api import periods
from taishang.catalogue.prices import platform_currency
from taishang.models import Quota, UsageDay
from taishang.models.usage import UsageDayQuerySet
from taishang.quotas import changing, plans, standing
from taishang.quotas.changing import AboveCeiling
from taishang.usage import exporting, sums

MONEY: dict[str, Any] = {"max_digits": 18, "decimal_places": 10, "min_value": Decimal(0)}
MOST_TOKENS = 10**15


class SumsOut(serializers.Serializer):
    """`cost` adds the known costs; without `cost_is_complete` it is "at least"."""

    requests = serializers.IntegerField()
    failed = serializers.IntegerField()
    cached = serializers.IntegerField()
    refused = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=28, decimal_places=10)
    cost_is_complete = serializers.BooleanField()
    unknown_cost_calls = serializers.IntegerField()


class GroupOut(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    sums = SumsOut()


class UsageOut(serializers.Serializer):
    currency = serializers.CharField()
    first = serializers.DateField()
    last = serializers.DateField()
    total = SumsOut()
    group_by = serializers.ChoiceField(sums.GROUPINGS)
    groups = GroupOut(many=True)


class ScopeOut(serializers.Serializer):
    """One limit; null is unlimited. Tokens are whole numbers, costs decimal texts."""

    scope = serializers.CharField()
    unit = serializers.CharField()
    limit = serializers.SerializerMethodField()
    used = serializers.SerializerMethodField()
    reserved = serializers.SerializerMethodField()
    remaining = serializers.SerializerMethodField()
    resets_at = serializers.DateTimeField()

    def get_limit(self, scope: standing.Scope) -> str | int | None:
        return _plain(scope.limit)

    def get_used(self, scope: standing.Scope) -> str | int | None:
        return _plain(scope.used)

    def get_reserved(self, scope: standing.Scope) -> str | int | None:
        return _plain(scope.reserved)

    def get_remaining(self, scope: standing.Scope) -> str | int | None:
        return _plain(scope.remaining)


class RateOut(serializers.Serializer):
    limit = serializers.IntegerField()
    used = serializers.IntegerField()
    window = serializers.IntegerField(source="window_s")


class QuotaOut(serializers.Serializer):
    """The person's plan, every limit that counts, and what the workspace's owner set."""

    plan = serializers.CharField()
    scopes = ScopeOut(many=True)
    rate = RateOut(allow_null=True)
    parallel = serializers.IntegerField()
    currency = serializers.CharField()
    monthly_quota = serializers.IntegerField(allow_null=True)
    monthly_ceiling = serializers.IntegerField(allow_null=True)
    cost_quota = serializers.DecimalField(max_digits=18, decimal_places=10, allow_null=True)
    cost_ceiling = serializers.DecimalField(max_digits=18, decimal_places=10, allow_null=True)
    max_parallel_calls = serializers.IntegerField(allow_null=True)
    on_exhaust = serializers.ChoiceField(Quota.OnExhaust.choices)
    on_unknown_price = serializers.ChoiceField(Quota.OnUnknownPrice.choices)
    warn_at = serializers.ListField(child=serializers.IntegerField())
    count_own_keys = serializers.BooleanField()
    anchor_day = serializers.IntegerField()


class QuotaIn(Serializer):
    monthly_quota = serializers.IntegerField(
        min_value=0, max_value=MOST_TOKENS, allow_null=True, required=False
    )
    cost_quota = serializers.DecimalField(**MONEY, allow_null=True, required=False)
    max_parallel_calls = serializers.IntegerField(
        min_value=1, max_value=10_000, allow_null=True, required=False
    )
    on_exhaust = serializers.ChoiceField(Quota.OnExhaust.choices, required=False)
    on_unknown_price = serializers.ChoiceField(Quota.OnUnknownPrice.choices, required=False)
    warn_at = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=100), max_length=5, required=False
    )
    count_own_keys = serializers.BooleanField(required=False)
    anchor_day = serializers.IntegerField(min_value=1, max_value=31, required=False)


class UsageView(ApiView):
    def days(self, request: Request) -> UsageDayQuerySet:
        """The days of use that the person may see. Asking for others' without the right is refused."""
        wants_people = request.GET.get("group_by") == sums.BY_USER
        if wants_people and not self.principal.may("usage.view"):
            raise denied("usage.view")
        self.first, self.last = periods.days(request)
        rows = UsageDay.objects.visible_to(self.principal)
        return rows.filter(stat_date__gte=self.first, stat_date__lte=self.last)


class Usage(UsageView):
    required_permissions: ClassVar = {"GET": "model.view"}
    query_parameters = frozenset({"from", "to", "group_by"})

    @extend_schema(responses=UsageOut)
    def get(self, request: Request) -> Response:
        """What was used from one day to another, in all and by day, model, purpose or person."""
        by = request.GET.get("group_by", sums.BY_DAY)
        if by not in sums.GROUPINGS:
            message = _("One of: %(names)s") % {"names": ", ".join(sums.GROUPINGS)}
            raise Invalid([field_error("group_by", "invalid_choice", message)])
        rows = list(self.days(request))
        found = {
            "currency": platform_currency(),
            "first": self.first,
            "last": self.last,
            "total": sums.total(rows),
            "group_by": by,
            "groups": sums.grouped(rows, by),
        }
        return Response(self.shown(found, UsageOut))


class UsageExport(UsageView):
    renderer_classes = [JsonRenderer, CsvRenderer]
    required_permissions: ClassVar = {"GET": "model.view"}
    rate_limits: ClassVar = {"GET": ("export",)}
    query_parameters = frozenset({"from", "to", "format"})

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        """A line for each day, person and model, for spreadsheets: your own, everybody's with `usage.view`."""
        content = exporting.as_csv(self.days(request).order_by("stat_date", "id"))
        name = f"ai-use-{self.first.isoformat()}-{self.last.isoformat()}.csv"
        return HttpResponse(
            content,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


class QuotaView(ApiView):
    required_permissions: ClassVar = {"GET": "model.view", "PATCH": "quota.manage"}

    @extend_schema(responses=QuotaOut)
    def get(self, request: Request) -> Response:
        """Which limits count for your calls here, what is used and held of them, and when they begin anew."""
        return self._answer()

    @extend_schema(request=QuotaIn, responses=QuotaOut)
    def patch(self, request: Request) -> Response:
        """Change the workspace's limits, within the operator's ceilings. The next call sees it."""
        given = self.read(QuotaIn)
        quota = changing.held(workspace_id=self.workspace_id)
        etags.require(
            request, quota, optional=True, thing=("quota", quota.pk), version=quota.row_version
        )
        try:
            changing.change(quota=quota, wishes=given, actor=Actor.of_principal(self.principal))
        except AboveCeiling as error:
            message = _("At most %(most)s: the operator's ceiling.") % {"most": error.ceiling}
            raise Invalid([field_error(f"/{error.field}", "out_of_bounds", message)]) from error
        return self._answer()

    def _answer(self) -> Response:
        stands = standing.of(workspace_id=self.workspace_id, user=self.user)
        quota = stands.quota
        plan = plans.plan_of(self.user, timezone.now())
        demands = limits.demands_of(user=self.user, workspace_id=self.workspace_id)
        rates = limits.look([demand for demand in demands if demand.entry.name == "ai"])
        own = {name: getattr(quota, name) for name in changing.OPERATORS}
        found = {
            **own,
            "plan": plan.name,
            "parallel": plan.parallel_calls,
            "scopes": stands.scopes,
            "rate": rates[0] if rates else None,
            "currency": platform_currency(),
        }
        headers = {"ETag": etags.of(self.request, quota, version=quota.row_version)}
        return Response(self.shown(found, QuotaOut), headers=headers)


def _plain(value: int | Decimal | None) -> str | int | None:
    return f"{value:.10f}" if isinstance(value, Decimal) else value
