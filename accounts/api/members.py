"""The members of a workspace: who they are, what they may do, and taking them out."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import members
from accounts.api.workspaces import WorkspaceView
from accounts.members import Wish
from accounts.models import Membership, Role, User
from accounts.models.role import shown_name
from accounts.web import etags
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer


class RoleBriefOut(serializers.Serializer):
    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.SerializerMethodField()
    expires_at = serializers.DateTimeField(allow_null=True)

    def get_name(self, role: dict[str, Any]) -> str:
        return shown_name(role["key"], role["name"])


class MemberOut(serializers.Serializer):
    user_id = serializers.UUIDField()
    username = serializers.CharField(source="user.username")
    display_name = serializers.CharField(source="user.profile.display_name")
    email = serializers.SerializerMethodField(help_text="Only to those who manage members.")
    status = serializers.ChoiceField(Membership.Status.choices)
    is_owner = serializers.SerializerMethodField()
    roles = RoleBriefOut(many=True, source="role_list")
    joined_at = serializers.DateTimeField()
    allowed_actions = serializers.SerializerMethodField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_email(self, member: Membership) -> str | None:
        principal = self.context["principal"]
        own = member.user_id == principal.user.id
        return member.user.email if own or principal.may("member.manage") else None

    def get_is_owner(self, member: Membership) -> bool:
        return bool(member.workspace.owner_id == member.user_id)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_allowed_actions(self, member: Membership) -> list[str]:
        manages = self.context["principal"].may("member.manage")
        return ["update", "remove"] if manages and not self.get_is_owner(member) else []


class MemberIn(Serializer):
    roles = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=50,
        required=False,
        help_text="Ids of roles; replaces the ones held.",
    )
    status = serializers.ChoiceField(Membership.Status.choices, required=False)
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When the roles newly given end."
    )

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError(_("Choose a time to come."), code="in_the_past")
        return value


class Members(WorkspaceView):
    required_permissions: ClassVar = {"GET": "member.view"}
    orderings = ("joined_at",)
    query_parameters = frozenset({"q", "role", "status"})

    @extend_schema(responses=page_of(MemberOut))
    def get(self, request: Request, workspace_id: int) -> Response:
        """Who belongs to the workspace, with their roles. `q` looks into names, `role` is a role's id."""
        return self.page(_filtered(people(self.user, workspace_id), request), MemberOut)


class MemberDetail(WorkspaceView):
    required_permissions: ClassVar = {
        "GET": "member.view",
        "PATCH": "member.manage",
        "DELETE": "member.manage",
    }
    people_only_writes = True

    @extend_schema(responses=MemberOut)
    def get(self, request: Request, workspace_id: int, user_id: UUID) -> Response:
        """One member."""
        return self.tagged(self.find(people(self.user, workspace_id), user_id=user_id), MemberOut)

    @extend_schema(request=MemberIn, responses=MemberOut)
    def patch(self, request: Request, workspace_id: int, user_id: UUID) -> Response:
        """Give a member other roles, or suspend them."""
        membership = self._locked(workspace_id, user_id)
        etags.require(request, membership, thing=("member", membership.user_id))
        given = self.read(MemberIn)
        members.change(
            membership=membership,
            held=self.principal.permissions(),
            by=self.user,
            wish=Wish(
                roles=_roles(workspace_id, given["roles"]) if "roles" in given else None,
                status=given.get("status"),
                expires_at=given.get("expires_at"),
            ),
        )
        return self.tagged(self.find(people(self.user, workspace_id), user_id=user_id), MemberOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, workspace_id: int, user_id: UUID) -> Response:
        """Take somebody out; their roles and keys there end."""
        membership = self._locked(workspace_id, user_id)
        members.remove(membership=membership, held=self.principal.permissions(), by=self.user)
        return Response(status=204)

    def _locked(self, workspace_id: int, user_id: UUID) -> Membership:
        rows = Membership.objects.visible_to(self.user).select_related("workspace", "user")
        locked = rows.select_related("changed_by").select_for_update(of=("self",))
        return self.find(locked, workspace_id=workspace_id, user_id=user_id)


def people(user: User, workspace_id: int | None) -> Any:
    """The members of a workspace as they are shown, in one query."""
    found = Membership.objects.visible_to(user).filter(workspace_id=workspace_id)
    return found.with_roles().select_related("user__profile", "workspace")


def _filtered(rows: Any, request: Request) -> Any:
    if text := request.GET.get("q"):
        rows = rows.named(text[:100])
    if (status := request.GET.get("status")) is not None:
        if status not in Membership.Status.values:
            raise Invalid([field_error("status", "invalid_choice", _("No such state."))])
        rows = rows.filter(status=status)
    if (role := request.GET.get("role")) is not None:
        if not (role.isascii() and role.isdigit() and len(role) <= 18):
            raise Invalid([field_error("role", "does_not_exist", _("No such role."))])
        rows = rows.holding(int(role))
    return rows


def _roles(workspace_id: int, ids: list[int]) -> tuple[Role, ...]:
    found = tuple(Role.objects.grantable_in(workspace_id).filter(pk__in=ids))
    if len(found) != len(set(ids)):
        raise Invalid([field_error("/roles", "does_not_exist", _("No such role."))])
    return found
