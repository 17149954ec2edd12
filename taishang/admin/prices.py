"""Prices in the console, per million tokens as price lists say them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts.web.console import may_act
from taishang.admin.console import OperatorAdmin, actor, person, show_faults
from taishang.catalogue import prices
from taishang.catalogue.refusals import FieldsRefused
from taishang.models import Model, ModelPrice


class PriceAdminForm(forms.ModelForm):
    """A price of a platform model, per million tokens as price lists say it."""

    per = prices.PER_MILLION
    model = forms.ModelChoiceField(label=gettext_lazy("model"), queryset=Model.objects.none())
    currency = forms.CharField(label=gettext_lazy("currency"), max_length=3)
    fx_rate = forms.DecimalField(
        label=gettext_lazy("exchange rate"),
        required=False,
        help_text=gettext_lazy(
            "The platform's currency per one of this; empty where it is the same."
        ),
    )
    effective_from = forms.DateTimeField(
        label=gettext_lazy("from"), required=False, help_text=gettext_lazy("Empty: from now on.")
    )

    class Meta:
        model = ModelPrice
        fields = (
            "model",
            "input_price",
            "output_price",
            "cached_input_price",
            "currency",
            "fx_rate",
            "effective_from",
            "note",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Model.objects.of_place(None).order_by("name", "-version")
        self.fields["model"].queryset = rows  # type: ignore[attr-defined]
        self.fields["currency"].initial = prices.platform_currency()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                prices.judge({**cleaned, "per": self.per})
            except FieldsRefused as refused:
                show_faults(self, refused.faults)
        return cleaned

    def _post_clean(self) -> None:
        """The row is made by the catalogue, not by this form."""


@admin.register(ModelPrice)
class PriceAdmin(OperatorAdmin):
    icon = "payments"
    form = PriceAdminForm
    list_display = (
        "model",
        "workspace",
        "shown_input",
        "shown_output",
        "currency",
        "fx_rate",
        "effective_from",
        "note",
    )
    list_filter = ("currency",)
    list_select_related = ("model", "workspace")
    search_fields = ("model__name",)
    ordering = ("-effective_from",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_act(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: ModelPrice, form: Any, change: Any) -> None:
        wishes = {**form.cleaned_data, "per": form.per}
        row = prices.add(
            model=wishes.pop("model"),
            workspace_id=None,
            wishes=wishes,
            by=person(request),
            actor=actor(request),
        )
        obj.pk, obj._state.adding = row.pk, False
        if count := prices.affected_calls(row):
            messages.warning(
                request,
                _("%(count)s calls were made since then; count them again to change their costs.")
                % {"count": count},
            )

    @display(description=gettext_lazy("input per 1M"))
    def shown_input(self, row: ModelPrice) -> str:
        return _per_million(row.input_price)

    @display(description=gettext_lazy("output per 1M"))
    def shown_output(self, row: ModelPrice) -> str:
        return _per_million(row.output_price)


def _per_million(amount: Any) -> str:
    return "?" if amount is None else f"{(amount * 1000).normalize():f}"
