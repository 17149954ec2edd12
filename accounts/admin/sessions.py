"""Signed-in devices."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts import sessions
from accounts.admin.base import Console, operator, with_reason
from accounts.models import Session


@admin.register(Session)
class SessionAdmin(Console):
    icon = "devices"
    list_display = ("user", "kind", "device_name", "ip", "last_seen_at", "expires_at", "revoked_at")
    list_filter = ("kind", "revoked_reason", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__username_key", "user__email_key")
    ordering = ("-last_seen_at",)
    fields = readonly_fields = (
        "id",
        "user",
        "kind",
        "device_name",
        "user_agent",
        "ip",
        "authenticated_at",
        "last_seen_at",
        "expires_at",
        "revoked_at",
        "revoked_reason",
        "created_at",
    )
    actions = ("end",)

    @admin.action(description=_("End: refuse from the next request on"))
    def end(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(session: Any, reason: str) -> None:
            sessions.end(session=session, by=operator(request), note=reason)

        effect = _("These devices are signed out at once.")
        chosen = queryset.select_related("user")
        return with_reason(self, request, chosen, effect=str(effect), run=run)
