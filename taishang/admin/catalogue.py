"""Models, their aliases and prices in the console: forms instead of JSON, histories with the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts.web.console import may_act
from accounts.web.problems import words
from laojun import audit
from laojun.destinations import BlockedAddress
from taishang import queue
from taishang.admin.console import OperatorAdmin, actor, ask, in_scope
from taishang.catalogue import aliases, connecting, defaults, fields, prices
from taishang.catalogue.aliases import Name, Target
from taishang.catalogue.references import Place
from taishang.catalogue.refusals import CatalogueRefused, FieldsRefused
from taishang.models import Model, ModelAlias, ModelPrice
from taishang.providers.base import PROVIDERS

PLATFORM = Place(None)
CREATED = ("kind", "provider")
SETTINGS = (
    "name",
    "model_id",
    "base_url",
    "status",
    "context_window",
    "max_output_tokens",
    "embedding_dimension",
    "max_batch",
    "tokenizer",
    "supports_streaming",
    "supports_function_calling",
    "supports_json_schema",
    "supports_vision",
    "supports_system",
    "max_parallel",
    "quota_exempt",
    "is_free_tier",
)


class ModelAdminForm(forms.ModelForm):
    """A model of the platform; those of workspaces can be switched off here, and nothing else."""

    api_key = forms.CharField(
        label=gettext_lazy("Key"),
        required=False,
        max_length=fields.MAX_KEY,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Never shown. Type to replace it; a new address clears it."),
    )

    class Meta:
        model = Model
        fields = (*CREATED, *SETTINGS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "provider" in self.fields:
            self.fields["provider"] = forms.ChoiceField(
                label=gettext_lazy("provider"),
                choices=[(spec.key, spec.label) for spec in PROVIDERS.values()],
            )
        for name in ("base_url", "embedding_dimension", "max_parallel"):
            if name in self.fields:
                self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        """Everything the catalogue would refuse, beside its field."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        trial = Model(scope=Model.Scope.PLATFORM)
        if self.instance.pk:
            trial = Model.objects.get(pk=self.instance.pk)
        if trial.is_frozen and (changed := set(self.changed_data) & set(fields.FROZEN)):
            _show(self, dict.fromkeys(changed, _("It was used: make a new version.")))
            return cleaned
        self._judge(trial)
        return cleaned

    def _judge(self, trial: Model) -> None:
        given = self.wishes()
        for name in connecting.WRITABLE & set(given):
            setattr(trial, name, given[name])
        try:
            fields.judge(trial, given)
        except FieldsRefused as refused:
            _show(self, refused.faults)
        except BlockedAddress as blocked:
            self.add_error("base_url", f"{blocked.host}: {blocked.reason}")
        rows = Model.objects.of_place(None).filter(name=trial.name)
        if not self.instance.pk and rows.exists():
            self.add_error("name", _("This name is taken."))

    def wishes(self) -> dict[str, Any]:
        """What was entered, an empty key left as it is."""
        given = {
            name: value
            for name, value in self.cleaned_data.items()
            if name in connecting.WRITABLE or (name == "api_key" and value)
        }
        if "base_url" in given and not given["base_url"]:
            given["base_url"] = fields.usual_address(str(given.get("provider", "")))
        return given


class Priced(admin.SimpleListFilter):
    title = gettext_lazy("price")
    parameter_name = "priced"

    def lookups(self, *_args: Any) -> list[tuple[str, Any]]:
        return [("missing", gettext_lazy("used, without a price"))]

    def queryset(
        self, _request: HttpRequest, rows: models.QuerySet[Model]
    ) -> models.QuerySet[Model]:
        if self.value() == "missing":
            return rows.filter(first_used_at__isnull=False, price_known=False)
        return rows


@admin.register(Model)
class CatalogueAdmin(OperatorAdmin):
    icon = "neurology"
    form = ModelAdminForm
    list_display = (
        "shown_name",
        "scope",
        "workspace",
        "kind",
        "provider",
        "model_id",
        "status",
        "is_default",
        "shown_price",
        "shown_test",
    )
    list_filter = (Priced, "scope", "kind", "provider", "status")
    list_select_related = ("workspace",)
    search_fields = ("name", "model_id")
    ordering = ("scope", "name", "-version")
    actions = ("make_default", "enable", "disable", "test_all", "remove")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Model]:
        return super().get_queryset(request).filter(deleted_at__isnull=True)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_act(self, request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What a workspace connected is the workspace's; kind and provider are said once."""
        if obj is None:
            return ()
        if obj.scope != Model.Scope.PLATFORM:
            return tuple(name for name in (*CREATED, *SETTINGS) if name != "status")
        return CREATED

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        own = obj is None or obj.scope == Model.Scope.PLATFORM
        return (*CREATED, *SETTINGS, *(("api_key",) if own else ()))

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: Any) -> None:
        if change:
            row = Model.objects.select_for_update(of=("self",)).get(pk=obj.pk)
            wishes = {name: value for name, value in form.wishes().items() if name in form.fields}
            connecting.change(model=row, wishes=wishes, actor=actor(request))
            return
        made = connecting.create(
            scope=Model.Scope.PLATFORM,
            place=PLATFORM,
            wishes=form.wishes(),
            by=_person(request),
            actor=actor(request),
        )
        obj.pk, obj.version = made.pk, made.version
        obj._state.adding = False

    @admin.action(description=gettext_lazy("Make it the platform's default"))
    def make_default(self, request: HttpRequest, rows: models.QuerySet[Model]) -> None:
        for model in rows.filter(scope=Model.Scope.PLATFORM):
            self._attempt(
                request,
                lambda model=model: defaults.set_default(
                    model=model, workspace_id=None, by=_person(request), actor=actor(request)
                ),
            )

    @admin.action(description=gettext_lazy("Switch on"))
    def enable(self, request: HttpRequest, rows: models.QuerySet[Model]) -> None:
        self._switch(request, rows, Model.Status.ACTIVE)

    @admin.action(description=gettext_lazy("Switch off"))
    def disable(self, request: HttpRequest, rows: models.QuerySet[Model]) -> HttpResponse | None:
        effect = _("New calls fall back or are refused; calls under way go on.")
        question = ask(request, self, action="disable", effect=effect, rows=rows)
        if question is None:
            self._switch(request, rows, Model.Status.DISABLED)
        return question

    @admin.action(description=gettext_lazy("Delete"))
    def remove(self, request: HttpRequest, rows: models.QuerySet[Model]) -> HttpResponse | None:
        effect = _("They are deleted with their keys. What was answered with them stays.")
        question = ask(request, self, action="remove", effect=effect, rows=rows)
        if question is None:
            for model in rows:
                self._attempt(
                    request,
                    lambda model=model: connecting.remove(model=model, actor=actor(request)),
                )
        return question

    @admin.action(description=gettext_lazy("Test all of these"))
    def test_all(self, request: HttpRequest, rows: models.QuerySet[Model]) -> None:
        chosen = list(rows.values_list("pk", flat=True)[:500])
        task = queue.enqueue(
            kind="models.test_all",
            payload={"models": chosen},
            workspace=None,
            user=_person(request),
        )
        audit.record(
            actor=actor(request),
            action="model.tested",
            target=audit.Target("task", str(task.pk), platform=True),
            details={"models": len(chosen)},
        )
        messages.success(
            request, _("%(count)s models are being tried; see the tasks.") % {"count": len(chosen)}
        )

    @display(description=gettext_lazy("name"))
    def shown_name(self, model: Model) -> str:
        return str(model)

    @display(description=gettext_lazy("price per 1M"))
    def shown_price(self, model: Model) -> str:
        if not model.price_known:
            return "?"
        shown = [model.input_price, model.output_price]
        said = " / ".join(f"{(one * 1000).normalize():f}" for one in shown if one is not None)
        return f"{said} {model.currency}"

    @display(description=gettext_lazy("last test"))
    def shown_test(self, model: Model) -> str:
        if model.last_test_ok is None:
            return "–"
        return f"{model.last_test_ms} ms" if model.last_test_ok else model.last_test_error_class

    def _switch(self, request: HttpRequest, rows: models.QuerySet[Model], status: str) -> None:
        for model in rows.select_for_update(of=("self",)):
            self._attempt(
                request,
                lambda model=model: connecting.change(
                    model=model, wishes={"status": status}, actor=actor(request)
                ),
            )

    def _attempt(self, request: HttpRequest, deed: Any) -> None:
        try:
            deed()
        except CatalogueRefused as refused:
            messages.error(request, f"{words(refused)} {refused}")


class AliasForm(forms.ModelForm):
    """Where a name of the platform leads from now on."""

    model = forms.ModelChoiceField(label=gettext_lazy("model"), queryset=Model.objects.none())
    fallbacks = forms.ModelMultipleChoiceField(
        label=gettext_lazy("who stands in"), queryset=Model.objects.none(), required=False
    )
    on_quota = forms.CharField(
        label=gettext_lazy("when costs are used up"), max_length=33, required=False
    )

    class Meta:
        model = ModelAlias
        fields = ("name", "kind", "model", "fallbacks", "on_quota", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Model.objects.of_place(None).exclude(status=Model.Status.DISABLED).order_by("name")
        for name in ("model", "fallbacks"):
            self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                aliases.judge(self.named(), self.target())
            except FieldsRefused as refused:
                _show(self, refused.faults)
        return cleaned

    def named(self) -> Name:
        return Name(self.cleaned_data["name"], self.cleaned_data["kind"], None)

    def target(self) -> Target:
        return Target(
            self.cleaned_data["model"],
            [one.pk for one in self.cleaned_data["fallbacks"]],
            self.cleaned_data["on_quota"] or None,
            self.cleaned_data["reason"],
        )

    def _post_clean(self) -> None:
        """The row is made by the catalogue, not by this form."""


@admin.register(ModelAlias)
class AliasAdmin(OperatorAdmin):
    """The names in force. One that is opened shows its history; adding one moves it."""

    icon = "alternate_email"
    form = AliasForm
    fields = ("name", "kind", "model", "fallbacks", "on_quota", "reason")
    list_display = ("name", "kind", "workspace", "model", "revision", "reason", "valid_from")
    list_filter = ("kind",)
    list_select_related = ("workspace", "model")
    search_fields = ("name",)
    ordering = ("name", "kind")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ModelAlias]:
        return super().get_queryset(request).filter(valid_to__isnull=True)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = path("<int:pk>/history-of/", wrap(self.history_of), name="taishang_alias_history")
        return [own, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_act(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        if object_id is not None:
            return redirect("admin:taishang_alias_history", pk=object_id)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: ModelAlias, form: Any, change: Any) -> None:
        row = aliases.move(
            name=form.named(), target=form.target(), by=_person(request), actor=actor(request)
        )
        obj.pk, obj.revision, obj._state.adding = row.pk, row.revision, False

    @in_scope
    def history_of(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Every revision, what each changed, and the way back to it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = get_object_or_404(ModelAlias, pk=pk)
        name = Name(row.name, row.kind, row.workspace_id)
        if request.method == "POST":
            return self._take_back(request, row, name)
        rows = list(name.revisions().select_related("model", "changed_by"))
        former = [*rows[1:], None]
        context = {
            **self.admin_site.each_context(request),
            "title": f"{row.name} · {row.get_kind_display()}",
            "opts": self.opts,
            "alias": row,
            "may_act": may_act(self, request),
            "rows": [(one, _difference(old, one)) for one, old in zip(rows, former, strict=True)],
        }
        return TemplateResponse(request, "admin/taishang/model_alias.html", context)

    def _take_back(self, request: HttpRequest, row: ModelAlias, name: Name) -> HttpResponse:
        if not may_act(self, request):
            raise PermissionDenied
        text = request.POST.get("revision", "")
        try:
            row = aliases.rollback(
                name=name,
                revision=int(text) if text.isdigit() and len(text) < 10 else 0,
                by=_person(request),
                actor=actor(request),
            )
            messages.success(request, _("The earlier meaning is back, as a new revision."))
        except CatalogueRefused as refused:
            messages.error(request, f"{words(refused)} {refused}")
        return redirect("admin:taishang_alias_history", pk=row.pk)


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
                _show(self, refused.faults)
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
            by=_person(request),
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


def _show(form: forms.ModelForm, faults: Mapping[str, Any]) -> None:
    for name, sentence in faults.items():
        form.add_error(name if name in form.fields else None, sentence)


def _per_million(amount: Any) -> str:
    return "?" if amount is None else f"{(amount * 1000).normalize():f}"


def _difference(old: ModelAlias | None, new: ModelAlias) -> list[tuple[str, str, str]]:
    """What a revision changed: (what, before, after)."""

    def facts(row: ModelAlias | None) -> dict[str, str]:
        if row is None:
            return {}
        return {
            _("model"): str(row.model),
            _("who stands in"): ", ".join(map(str, row.fallback_ids)),
            _("when costs are used up"): row.on_quota or "",
        }

    before, after = facts(old), facts(new)
    return [
        (name, before.get(name, ""), value)
        for name, value in after.items()
        if before.get(name, "") != value
    ]


def _person(request: HttpRequest) -> Any:
    return request.user
