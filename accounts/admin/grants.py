"""Who holds which role where; roles for the whole platform are given and taken here, by superusers."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import identity, platform_roles
from accounts.admin.base import MAX_REASON, Console, operator, with_reason
from accounts.models import Role, User, UserRole


class GrantForm(forms.Form):
    login = forms.CharField(label=gettext_lazy("E-mail or user name"), max_length=254)
    role = forms.ModelChoiceField(label=gettext_lazy("Role"), queryset=Role.objects.none())
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=gettext_lazy("Empty: until it is taken back."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].queryset = Role.objects.grantable_platform_wide()  # type: ignore[attr-defined]

    def clean_login(self) -> User:
        found = identity.find(self.cleaned_data["login"])
        if found is None:
            raise forms.ValidationError(_("There is no such account."), code="does_not_exist")
        return found


@admin.register(UserRole)
class UserRoleAdmin(Console):
    icon = "badge"
    list_display = ("user", "role", "workspace", "granted_by", "granted_at", "expires_at")
    list_filter = ("role__is_system", ("workspace", admin.EmptyFieldListFilter), "granted_at")
    list_select_related = ("user", "role", "workspace", "granted_by")
    search_fields = ("user__username_key", "user__email_key", "role__name_key")
    ordering = ("-granted_at",)
    fields = readonly_fields = (
        "user",
        "role",
        "workspace",
        "granted_by",
        "granted_at",
        "expires_at",
    )
    actions = ("take",)
    list_before_template = "admin/accounts/grants.html"

    def get_urls(self) -> list[URLPattern]:
        grant = self.admin_site.admin_view(self.grant)
        return [path("grant/", grant, name="accounts_userrole_grant"), *super().get_urls()]

    def grant(self, request: HttpRequest) -> HttpResponse:
        """Give somebody a role on the whole platform."""
        _superusers_only(request)
        form = GrantForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                platform_roles.grant(
                    user=form.cleaned_data["login"],
                    role=form.cleaned_data["role"],
                    expires_at=form.cleaned_data["expires_at"],
                    reason=form.cleaned_data["reason"],
                    by=operator(request),
                )
            except platform_roles.NotConfirmed:
                form.add_error("login", _("This account is not active."))
            else:
                messages.success(request, _("Given. It counts from the next request on."))
                return redirect("admin:accounts_userrole_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Give a role on the whole platform"),
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/accounts/grant.html", context)

    @admin.action(description=gettext_lazy("Take back a role on the whole platform"))
    def take(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        _superusers_only(request)

        def run(grant: Any, reason: str) -> None:
            platform_roles.revoke(grant=grant, by=operator(request), reason=reason)

        effect = _("These people lose their part of the console. Roles in workspaces stay.")
        chosen: Any = queryset.filter(workspace__isnull=True).select_related("user", "role")
        return with_reason(self, request, chosen, effect=effect, run=run)


def _superusers_only(request: HttpRequest) -> None:
    if not operator(request).is_superuser:
        raise PermissionDenied
