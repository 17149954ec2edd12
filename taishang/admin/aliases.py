"""Aliases in the console: the names in force, what each revision changed, and the way back."""

from __future__ import annotations

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

from accounts.web.console import may_act
from accounts.web.problems import words
from taishang.admin.console import OperatorAdmin, actor, in_scope, person, show_faults
from taishang.catalogue import aliases
from taishang.catalogue.aliases import Name, Target
from taishang.catalogue.refusals import CatalogueRefused, FieldsRefused
from taishang.models import Model, ModelAlias


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
                show_faults(self, refused.faults)
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
            name=form.named(), target=form.target(), by=person(request), actor=actor(request)
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
                by=person(request),
                actor=actor(request),
            )
            messages.success(request, _("The earlier meaning is back, as a new revision."))
        except CatalogueRefused as refused:
            messages.error(request, f"{words(refused)} {refused}")
        return redirect("admin:taishang_alias_history", pk=row.pk)


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
