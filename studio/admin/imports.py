"""Imports in every workspace: state, format, what failed. Never a text or a title."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from studio.models import Import
from taishang.admin.console import OperatorAdmin


@admin.register(Import)
class ImportAdmin(OperatorAdmin):
    """How imports do."""

    icon = "upload"
    list_display = (
        "id",
        "workspace",
        "user",
        "format",
        "encoding",
        "state",
        "error_code",
        "created_at",
    )
    list_filter = ("state", "format")
    list_select_related = ("workspace", "user")
    ordering = ("-created_at",)
    exclude = ("plan", "warnings", "options")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))
