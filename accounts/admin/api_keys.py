"""API keys by their public prefix; their text is nowhere to be seen."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts import api_keys
from accounts.admin.base import Console, operator, with_reason
from accounts.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(Console):
    icon = "key"
    list_display = (
        "name",
        "prefix",
        "user",
        "workspace",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = ("created_at", "expires_at", "revoked_at")
    list_select_related = ("user", "workspace")
    search_fields = ("prefix", "name", "user__username_key", "user__email_key")
    ordering = ("-created_at",)
    fields = readonly_fields = (
        "id",
        "name",
        "prefix",
        "scopes",
        "user",
        "workspace",
        "last_used_at",
        "last_used_ip",
        "expires_at",
        "revoked_at",
        "created_at",
    )
    actions = ("revoke",)

    @admin.action(description=_("Revoke: refuse from the next request on"))
    def revoke(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(api_key: Any, reason: str) -> None:
            api_keys.revoke(api_key=api_key, by=operator(request), note=reason)

        effect = _("Programs that use these keys stop working at once.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)
