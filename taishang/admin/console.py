"""What the engine's console pages share: the operator's scope, read-only lists, deeds that ask first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, cast

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from accounts import tenancy
from accounts.authentication import Principal
from accounts.rls import OPERATOR
from accounts.web.console import ByPlatformRole
from laojun.audit import Actor

CONFIRMED = "confirmed"
View = Callable[..., HttpResponse]


@contextmanager
def operator_scope() -> Iterator[None]:
    """Across all workspaces; entered once, also when the caller is inside already."""
    if tenancy.current().role == OPERATOR:
        yield
        return
    with tenancy.platform_scope(reason="operator console: tasks"):
        yield


def in_scope(view: View) -> View:
    """Run the view and render its template as the operator."""

    @wraps(view)
    def scoped(*args: Any, **kwargs: Any) -> HttpResponse:
        with operator_scope():
            response = view(*args, **kwargs)
            if isinstance(response, TemplateResponse):
                response.render()
            return response

    return scoped


def actor(request: HttpRequest) -> Actor:
    return Actor.of_principal(cast(Principal, request.principal))  # type: ignore[attr-defined]


def ask(
    request: HttpRequest,
    admin: ModelAdmin,
    *,
    action: str,
    effect: str,
    rows: models.QuerySet[Any],
) -> TemplateResponse | None:
    """The page that states the effect and the count before a deed; None once it was confirmed."""
    if request.POST.get(CONFIRMED):
        return None
    context = {
        **admin.admin_site.each_context(request),
        "title": _("Are you sure?"),
        "effect": effect,
        "action": action,
        "rows": rows[:20],
        "count": rows.count(),
        "ids": request.POST.getlist("_selected_action"),
        "select_across": request.POST.get("select_across", "0"),
        "opts": admin.model._meta,
        "confirmed": CONFIRMED,
    }
    return TemplateResponse(request, "admin/taishang/confirm.html", context)


class OperatorAdmin(ByPlatformRole, ModelAdmin):
    """A list that is read across all workspaces. Rows come from the engine and are never typed in."""

    list_per_page = 50
    show_full_result_count = False

    @in_scope
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    @in_scope
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        return super().changeform_view(request, object_id, form_url, extra_context)

    @in_scope
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        return super().history_view(request, object_id, extra_context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def show_faults(form: forms.ModelForm, faults: Mapping[str, Any]) -> None:
    """What the domain found wrong, at the field that it names."""
    for name, sentence in faults.items():
        form.add_error(name if name in form.fields else None, sentence)


def person(request: HttpRequest) -> Any:
    """Who is signed in: the console lets nobody else in."""
    return request.user
