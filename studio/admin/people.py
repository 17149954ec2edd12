"""Who takes part in which work, in every workspace: names, parts, times. Nothing of what is written."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from studio.models import Character, Collaborator
from taishang.admin.console import OperatorAdmin


class Watched(OperatorAdmin):
    """A list that is looked at."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))


@admin.register(Collaborator)
class CollaboratorAdmin(Watched):
    """People of works; their owner invites them and takes their part away."""

    icon = "groups"
    list_display = ("work", "user", "role", "invited_by", "accepted_at", "revoked_at")
    list_filter = ("role", ("accepted_at", admin.EmptyFieldListFilter))
    search_fields = ("work__title", "user__username")
    list_select_related = ("work", "user", "invited_by")
    ordering = ("-created_at",)


@admin.register(Character)
class CharacterAdmin(Watched):
    """Characters by their figures: how often they are named, and since when the counts stand."""

    icon = "person"
    list_display = ("name", "work", "appearance_count", "is_tracked", "ai_inclusion", "updated_at")
    list_filter = ("is_tracked", "ai_inclusion", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "work__title")
    list_select_related = ("work",)
    ordering = ("-updated_at",)
    fields = ("name", "work", "appearance_count", "is_tracked", "ai_inclusion", "deleted_at")
