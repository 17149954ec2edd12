"""Roles of a workspace, and the permissions they are made of."""

from typing import Any, ClassVar

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import registry, roles
from accounts.models import Permission, Role
from accounts.web import etags
from accounts.web.permissions import SIGNED_IN
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView


class RoleChangeIn(Serializer):
    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=500, allow_blank=True, required=False)
    permissions = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=roles.MAX_KEYS, required=False
    )

    def validate_permissions(self, value: list[str]) -> list[str]:
        if unknown := roles.unknown_keys(value):
            message = _("No such permission: %(key)s") % {"key": unknown[0]}
            raise serializers.ValidationError(message, code="permission_unknown")
        return value


class RoleIn(RoleChangeIn):
    name = serializers.CharField(max_length=100)
    copy_of = serializers.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        required=False,
        help_text="A role whose permissions to start from, where none are given.",
    )


class RoleOut(serializers.Serializer):
    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField(source="shown_name")
    description = serializers.CharField()
    is_system = serializers.BooleanField()
    permissions = serializers.ListField(child=serializers.CharField(), source="permission_keys")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    allowed_actions = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_allowed_actions(self, role: Role) -> list[str]:
        held = self.context["principal"].permissions()
        within = set(role.permission_keys) <= held  # type: ignore[attr-defined]
        if role.is_system or not within or "role.manage" not in held:
            return []
        return ["update", "delete"]


class Roles(ApiView):
    required_permissions: ClassVar = {"GET": "role.view", "POST": "role.manage"}
    people_only_writes = True
    orderings = ("created_at", "name")

    @extend_schema(responses=page_of(RoleOut))
    def get(self, request: Request) -> Response:
        """The platform's roles and the workspace's own."""
        return self.page(_visible(self), RoleOut)

    @extend_schema(request=RoleIn, responses={201: RoleOut})
    def post(self, request: Request) -> Response:
        """Make a role out of permissions that you hold."""
        given = self.read(RoleIn)
        role = roles.create(
            workspace_id=self.workspace_id,
            name=given["name"],
            description=given.get("description", ""),
            keys=self._keys(given),
            held=self.principal.permissions(),
            by=self.user,
        )
        answer = self.tagged(_visible(self).get(pk=role.pk), RoleOut, status=201)
        answer["Location"] = f"{request.path}{role.pk}/"
        return answer

    def _keys(self, given: dict[str, Any]) -> Any:
        if "permissions" in given or "copy_of" not in given:
            return given.get("permissions", [])
        template = _visible(self).filter(pk=given["copy_of"]).first()
        if template is None:
            raise Invalid([field_error("/copy_of", "does_not_exist", _("No such role."))])
        return roles.permission_keys(template)


class RoleDetail(ApiView):
    required_permissions: ClassVar = {
        "GET": "role.view",
        "PATCH": "role.manage",
        "DELETE": "role.manage",
    }
    people_only_writes = True
    query_parameters = frozenset({"replacement"})

    @extend_schema(responses=RoleOut)
    def get(self, request: Request, role_id: int) -> Response:
        """One role with its permissions."""
        return self.tagged(self.find(_visible(self), pk=role_id), RoleOut)

    @extend_schema(request=RoleChangeIn, responses=RoleOut)
    def patch(self, request: Request, role_id: int) -> Response:
        """Change a role of your own for everybody who holds it."""
        role = self._locked(role_id)
        etags.require(request, role)
        given = self.read(RoleChangeIn)
        roles.change(
            role=role,
            held=self.principal.permissions(),
            by=self.user,
            name=given.get("name"),
            description=given.get("description"),
            keys=given.get("permissions"),
        )
        return self.tagged(self.find(_visible(self), pk=role_id), RoleOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, role_id: int) -> Response:
        """Remove a role; `replacement` names the role its holders get instead."""
        role = self._locked(role_id)
        etags.require(request, role, optional=True)
        roles.delete(
            role=role,
            replacement=self._replacement(role),
            held=self.principal.permissions(),
            by=self.user,
        )
        return Response(status=204)

    def _locked(self, role_id: int) -> Role:
        """The role, locked. Rows of the platform cannot be locked by a tenant and are refused before."""
        role = self.find(_visible(self), pk=role_id)
        if role.is_system:
            raise roles.SystemRole
        rows = Role.objects.select_related("workspace", "changed_by")
        return self.find(rows.select_for_update(of=("self",)), pk=role_id)

    def _replacement(self, role: Role) -> Role | None:
        text = self.request.GET.get("replacement")
        if text is None:
            return None
        numeric = text.isascii() and text.isdigit() and len(text) <= 18
        found = _visible(self).exclude(pk=role.pk).filter(pk=int(text)).first() if numeric else None
        if found is None:
            raise Invalid([field_error("replacement", "does_not_exist", _("No such role."))])
        return found


def _visible(view: ApiView) -> Any:
    return Role.objects.grantable_in(view.workspace_id).with_permissions()


class PermissionOut(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    risk = serializers.ChoiceField(Permission.Risk.choices)
    scope = serializers.ChoiceField(Permission.Scope.choices)


class Permissions(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}

    @extend_schema(responses=page_of(PermissionOut))
    def get(self, request: Request) -> Response:
        """Every permission there is."""
        chinese = (get_language() or "").startswith("zh")
        rows = [
            {
                "key": key,
                "label": entry.label_zh if chinese else entry.label_en,
                "risk": entry.risk,
                "scope": entry.scope,
            }
            for key, entry in sorted(registry.permissions.items())
        ]
        results = self.shown(rows, PermissionOut, many=True)
        return Response({"next": None, "previous": None, "results": results})
