"""What the lists of the console share: nothing is edited by hand, and every deed has a reason."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import User
from accounts.web.console import ByPlatformRole

MAX_REASON = 500
MAX_AT_ONCE = 100


class ReasonForm(forms.Form):
    """Why an operator interferes; kept in the audit log."""

    reason = forms.CharField(
        label=_("Reason"), max_length=MAX_REASON, widget=UnfoldAdminTextareaWidget()
    )


class Console(ByPlatformRole, ModelAdmin):
    """A list to look through and act on. Rows are changed by named deeds, never by editing fields."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False


class Rows(TabularInline):
    """Related rows on a page, to read."""

    extra = 0
    can_delete = False
    show_change_link = True
    per_page = 20

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False


def operator(request: HttpRequest) -> User:
    """Who acts; the console lets nobody else in."""
    return request.user  # type: ignore[return-value]


def with_reason(
    console: Console,
    request: HttpRequest,
    queryset: QuerySet,
    *,
    effect: str,
    run: Callable[[Model, str], None],
) -> HttpResponse | None:
    """Ask for a reason, stating the effect; then run the deed on each chosen row."""
    chosen = list(queryset[:MAX_AT_ONCE])
    form = ReasonForm(request.POST if "reason" in request.POST else None)
    if form.is_valid():
        for row in chosen:
            run(row, form.cleaned_data["reason"])
        messages.success(request, _("Done for %(count)d.") % {"count": len(chosen)})
        return None
    return _question(console, request, chosen, effect=effect, form=form)


def _question(
    console: Console,
    request: HttpRequest,
    chosen: Iterable[Model],
    *,
    effect: str,
    form: ReasonForm,
) -> HttpResponse:
    return TemplateResponse(
        request,
        "admin/accounts/reason.html",
        {
            **console.admin_site.each_context(request),
            "title": effect,
            "opts": console.model._meta,
            "chosen": chosen,
            "form": form,
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
        },
    )
