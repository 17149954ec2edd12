"""Roles and what they hold."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin.base import Console
from accounts.models import Role


@admin.register(Role)
class RoleAdmin(Console):
    icon = "shield_person"
    list_display = ("name", "key", "is_system", "workspace", "holder_count", "permission_list")
    list_filter = ("is_system",)
    list_select_related = ("workspace",)
    search_fields = ("name_key", "key", "workspace__name_key")
    ordering = ("workspace_id", "name_key")
    fields = readonly_fields = (
        "id",
        "name",
        "key",
        "description",
        "is_system",
        "workspace",
        "permission_list",
        "created_at",
        "updated_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        roles: Any = super().get_queryset(request)
        return roles.with_permissions().annotate(held_by=Count("holders", distinct=True))

    @display(description=_("holders"), ordering="held_by")
    def holder_count(self, role: Any) -> int:
        return int(role.held_by)

    @display(description=_("permissions"))
    def permission_list(self, role: Any) -> str:
        return ", ".join(role.permission_keys)
