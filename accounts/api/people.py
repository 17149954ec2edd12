"""Shapes of people and workspaces that several replies share."""

from typing import Any

from rest_framework import serializers

from accounts.models import User, Workspace


class PersonOut(serializers.Serializer):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()


class WorkspaceBriefOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(Workspace.Kind.choices)
    status = serializers.ChoiceField(Workspace.Status.choices)
    is_owner = serializers.BooleanField()


def briefs(user: User, only: int | None) -> list[dict[str, Any]]:
    """The workspaces of a person, or the only one that a key may see. One query."""
    found = Workspace.objects.visible_to(user).order_by("id")
    if only is not None:
        found = found.filter(pk=only)
    rows = found.values("id", "name", "kind", "status", "owner_id")
    return [{**row, "is_owner": row["owner_id"] == user.id} for row in rows]
