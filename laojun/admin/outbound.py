"""Ways out to inner networks: rules with a reason and an end, and a tester that says why."""

import ipaddress
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.web.console import may_act
from laojun import audit, destinations
from laojun.admin.console import OperatorAdmin, actor, in_scope
from laojun.audit import Target
from laojun.models import AuditLog, OutboundRule

FIELDS = ("workspace_id", "cidr", "port_from", "port_to", "purposes", "reason", "expires_at")
PURPOSES = [(purpose, purpose) for purpose in sorted(destinations.PURPOSES)]
REFUSALS = 20


class RuleForm(forms.ModelForm):
    cidr = forms.CharField(label=gettext_lazy("network"), max_length=50)
    purposes = forms.MultipleChoiceField(
        label=gettext_lazy("purposes"), choices=PURPOSES, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = OutboundRule
        fields = (
            "cidr",
            "port_from",
            "port_to",
            "purposes",
            "reason",
            "expires_at",
            "workspace",
        )

    def clean_cidr(self) -> Any:
        found: Any = OutboundRule._meta.get_field("cidr").to_python(self.cleaned_data["cidr"])
        if found.prefixlen < (8 if found.version == 4 else 32):
            raise forms.ValidationError(_("This opens too much: at most /8, or /32 in IPv6."))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("port_from"), cleaned.get("port_to")
        if first and last and first > last:
            self.add_error("port_to", _("The last port comes after the first."))
        return cleaned


class TesterForm(forms.Form):
    host = forms.CharField(label=gettext_lazy("Host"), max_length=253)
    port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=65535, initial=443)
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), choices=PURPOSES)


@admin.register(OutboundRule)
class OutboundRuleAdmin(OperatorAdmin):
    icon = "captive_portal"
    form = RuleForm
    list_display = (
        "cidr",
        "port_from",
        "port_to",
        "purposes",
        "workspace",
        "reason",
        "expires_at",
        "created_by",
    )
    list_select_related = ("workspace",)
    search_fields = ("reason",)
    ordering = ("-created_at",)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_act(self, request)

    def has_change_permission(self, request: HttpRequest, *_: Any) -> bool:
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, *_: Any) -> bool:
        return self.has_add_permission(request)

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "tester/", self.admin_site.admin_view(self.tester_view), name="laojun_outbound_tester"
        )
        return [own, *super().get_urls()]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What a refusal offers to open; the reason is for the operator to write."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        if "purposes" in given:
            given["purposes"] = given["purposes"].split(",")
        return given

    def save_model(
        self,
        request: HttpRequest,
        obj: OutboundRule,
        form: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        before = _facts(OutboundRule.objects.get(pk=obj.pk)) if change else {}
        if not change:
            obj.created_by = actor(request).name
        super().save_model(request, obj, form, change)
        action = "outbound_rule.changed" if change else "outbound_rule.added"
        _record(request, action, obj, before, _facts(obj))

    def delete_model(self, request: HttpRequest, obj: OutboundRule) -> None:
        before, target = _facts(obj), obj.pk
        super().delete_model(request, obj)
        obj.pk = target
        _record(request, "outbound_rule.removed", obj, before, {})

    @in_scope
    def tester_view(self, request: HttpRequest) -> HttpResponse:
        """Would this be allowed for this purpose, and why."""
        form = TesterForm(request.GET if "host" in request.GET else None)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Would this address be allowed?"),
            "opts": self.opts,
            "form": form,
            "refusals": _refusals(),
        }
        if form.is_valid():
            context["verdicts"], context["refused"] = _judged(form.cleaned_data)
        return TemplateResponse(request, "admin/laojun/tester.html", context)


def _judged(asked: dict[str, Any]) -> tuple[list[destinations.Verdict], str]:
    try:
        return destinations.judge(asked["host"], asked["port"], asked["purpose"]), ""
    except destinations.BlockedAddress as error:
        return [], error.reason


def _refusals() -> list[dict[str, Any]]:
    """What was kept from an address lately, ready to be opened with one click and a reason."""
    rows = AuditLog.objects.filter(action="outbound.refused").order_by("-created_at")[:REFUSALS]
    return [_refusal(row, row.payload.get("details") or {}) for row in rows]


def _refusal(row: AuditLog, details: dict[str, Any]) -> dict[str, Any]:
    """`opening` is the query of the form that opens what was refused, where a rule can."""
    reason = str(details.get("reason") or "")
    port, purpose = details.get("port"), details.get("purpose")
    opening = ""
    if address := _refused_address(reason):
        query: dict[str, Any] = {
            "cidr": address,
            "port_from": port,
            "port_to": port,
            "purposes": purpose,
        }
        opening = urlencode(query | ({"workspace": row.workspace_id} if row.workspace_id else {}))
    return {"row": row, "port": port, "purpose": purpose, "reason": reason, "opening": opening}


def _refused_address(reason: str) -> str:
    """The address a reason begins with; nothing for odd spellings, and for what no rule can open."""
    address, _colon, why = reason.partition(": ")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return ""
    return "" if why in destinations.NEVER else address


def _facts(rule: OutboundRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in FIELDS}


def _record(request: HttpRequest, action: str, rule: OutboundRule, before: Any, after: Any) -> None:
    audit.record(
        actor=actor(request),
        action=action,
        target=Target("outbound_rule", str(rule.pk), platform=True),
        before=before,
        after=after,
    )
