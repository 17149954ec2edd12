"""Models in the console: what they can do and where they are, with tests, defaults and the way out of use."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts.web.console import may_act
from accounts.web.problems import words
from laojun import audit
from laojun.destinations import BlockedAddress
from taishang import queue
from taishang.admin.console import OperatorAdmin, actor, ask, person, show_faults
from taishang.catalogue import connecting, defaults, fields
from taishang.catalogue.references import Place
from taishang.catalogue.refusals import CatalogueRefused, FieldsRefused
from taishang.models import Model
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
            show_faults(self, dict.fromkeys(changed, _("It was used: make a new version.")))
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
            show_faults(self, refused.faults)
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
            by=person(request),
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
                    model=model, workspace_id=None, by=person(request), actor=actor(request)
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
            user=person(request),
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
