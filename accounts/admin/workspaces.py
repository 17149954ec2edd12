"""Workspaces, as operators see them."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import workspaces
from accounts.admin.base import Console, Rows, operator, with_reason
from accounts.models import Membership, Workspace


class MemberRows(Rows):
    model = Membership
    fields = readonly_fields = ("user", "status", "joined_at")
    show_change_link = False


@admin.register(Workspace)
class WorkspaceAdmin(Console):
    icon = "workspaces"
    list_display = ("name", "slug", "kind", "status", "owner", "members", "created_at")
    list_filter = ("status", "kind", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name_key", "slug", "owner__username_key", "owner__email_key")
    ordering = ("-created_at",)
    fields = readonly_fields = (
        "id",
        "name",
        "slug",
        "kind",
        "status",
        "suspended_reason",
        "owner",
        "created_at",
        "updated_at",
    )
    inlines = (MemberRows,)
    actions = ("suspend", "activate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        return super().get_queryset(request).annotate(member_count=Count("memberships"))

    @display(description=_("members"), ordering="member_count")
    def members(self, workspace: Any) -> int:
        return int(workspace.member_count)

    @admin.action(description=_("Suspend: readable, nothing can be changed or run"))
    def suspend(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(workspace: Any, reason: str) -> None:
            workspaces.suspend(workspace=workspace, reason=reason, by=operator(request))

        effect = _("Nobody can change or run anything in these workspaces; reading stays.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)

    @admin.action(description=_("Activate: let work go on"))
    def activate(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(workspace: Any, reason: str) -> None:
            workspaces.activate(workspace=workspace, reason=reason, by=operator(request))

        effect = _("Work in these workspaces goes on.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)
