"""People, as operators see them: no password, no secret, nothing to type into."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import people, sessions
from accounts.admin.base import Console, Rows, operator, with_reason
from accounts.models import Membership, Session, User


class SessionRows(Rows):
    model = Session
    fk_name = "user"
    fields = readonly_fields = ("kind", "device_name", "ip", "last_seen_at", "revoked_at")
    ordering = ("-last_seen_at",)


class MembershipRows(Rows):
    model = Membership
    fk_name = "user"
    fields = readonly_fields = ("workspace", "status", "joined_at")
    show_change_link = False


@admin.register(User)
class UserAdmin(Console):
    icon = "person"
    list_display = ("username", "email", "status", "plan", "is_staff", "devices", "last_login")
    list_filter = ("status", "plan", "is_staff", "created_at")
    search_fields = ("username_key", "email_key")
    ordering = ("-created_at",)
    fields = readonly_fields = (
        "id",
        "username",
        "email",
        "status",
        "plan",
        "subscription_expires_at",
        "is_staff",
        "is_superuser",
        "last_login",
        "password_changed_at",
        "created_at",
        "updated_at",
    )
    inlines = (SessionRows, MembershipRows)
    actions = ("suspend", "activate", "end_sessions")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        live = Session.objects.filter(user=OuterRef("pk"), revoked_at__isnull=True)
        counted = live.order_by().values("user").annotate(count=Count("pk")).values("count")
        return super().get_queryset(request).annotate(device_count=Coalesce(Subquery(counted), 0))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            return super().get_search_results(request, queryset, search_term.casefold())

    @display(description=_("devices"), ordering="device_count")
    def devices(self, user: Any) -> int:
        return int(user.device_count)

    @admin.action(description=_("Suspend: shut out at once, keep everything"))
    def suspend(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        others = queryset.exclude(pk=request.user.pk)

        def run(user: Any, reason: str) -> None:
            people.suspend(user=user, reason=reason, by=operator(request))

        effect = _("Every session, token and key of these people is refused from now on.")
        return with_reason(self, request, others, effect=str(effect), run=run)

    @admin.action(description=_("Activate: let in again"))
    def activate(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(user: Any, reason: str) -> None:
            people.activate(user=user, reason=reason, by=operator(request))

        effect = _("These people may sign in again.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)

    @admin.action(description=_("End all sessions"))
    def end_sessions(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(user: Any, reason: str) -> None:
            sessions.end_all(user=user, by=operator(request), note=reason)

        effect = _("These people are signed out everywhere and sign in again.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)
