"""Workspaces and their members."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import members, tenancy, workspaces
from accounts.models import Membership, Role, User, Workspace
from accounts.web import etags
from accounts.web.permissions import SIGNED_IN
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView


class WorkspaceIn(Serializer):
    name = serializers.CharField(max_length=100)


class WorkspaceOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()
    kind = serializers.ChoiceField(Workspace.Kind.choices)
    status = serializers.ChoiceField(Workspace.Status.choices)
    is_owner = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_is_owner(self, workspace: Workspace) -> bool:
        return bool(workspace.owner_id == self.context["principal"].user.id)


class WorkspaceDetailOut(WorkspaceOut):
    allowed_actions = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_allowed_actions(self, workspace: Workspace) -> list[str]:
        held = self.context["principal"].permissions()
        return sorted(key for key in held if key.startswith(("workspace.", "member.", "role.")))


class Workspaces(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN, "POST": SIGNED_IN}
    orderings = ("created_at", "name")

    @extend_schema(responses=page_of(WorkspaceOut))
    def get(self, request: Request) -> Response:
        """The workspaces you are a member of; with an API key, the key's own."""
        found = Workspace.objects.visible_to(self.user)
        if self.principal.api_key_id:
            found = found.filter(pk=self.workspace_id)
        return self.page(found, WorkspaceOut)

    @extend_schema(request=WorkspaceIn, responses={201: WorkspaceOut})
    def post(self, request: Request) -> Response:
        """Open a team workspace."""
        name = self.read(WorkspaceIn)["name"]
        with tenancy.user(self.user.id):
            workspace = workspaces.create(name=name, owner=self.user)
        answer = self.tagged(workspace, WorkspaceOut, status=201)
        answer["Location"] = f"{request.path}{workspace.pk}/"
        return answer


class WorkspaceView(ApiView):
    """A view below `workspaces/{id}/`, which names the workspace that the request acts in."""

    def workspace(self, *, lock: bool = False) -> Workspace:
        found = Workspace.objects.visible_to(self.user)
        return self.find(
            found.select_for_update(of=("self",)) if lock else found, pk=self.workspace_id
        )


class WorkspaceDetail(WorkspaceView):
    required_permissions: ClassVar = {"GET": "workspace.view", "PATCH": "workspace.update"}

    @extend_schema(responses=WorkspaceDetailOut)
    def get(self, request: Request, workspace_id: int) -> Response:
        """One of your workspaces."""
        return self.tagged(self.workspace(), WorkspaceDetailOut)

    @extend_schema(request=WorkspaceIn, responses=WorkspaceDetailOut)
    def patch(self, request: Request, workspace_id: int) -> Response:
        """Rename a workspace."""
        workspace = self.workspace(lock=True)
        etags.require(request, workspace)
        name = self.read(WorkspaceIn)["name"]
        renamed = workspaces.rename(workspace=workspace, name=name, by=self.user)
        return self.tagged(renamed, WorkspaceDetailOut)


class Conversion(WorkspaceView):
    required_permissions: ClassVar = {"POST": "workspace.update"}
    people_only = True

    @extend_schema(request=None, responses=WorkspaceDetailOut)
    def post(self, request: Request, workspace_id: int) -> Response:
        """Make a personal workspace one that can be shared."""
        converted = workspaces.convert(workspace=self.workspace(lock=True), by=self.user)
        return self.tagged(converted, WorkspaceDetailOut)


class Departure(WorkspaceView):
    required_permissions: ClassVar = {"POST": "workspace.view"}
    people_only = True

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, workspace_id: int) -> Response:
        """Leave a workspace; your roles and keys there end."""
        mine = Membership.objects.select_related("workspace", "user").filter(user=self.user)
        membership = mine.select_for_update(of=("self",)).get(workspace_id=workspace_id)
        members.leave(membership=membership)
        return Response(status=204)


class RoleBriefOut(serializers.Serializer):
    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()


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


class Members(WorkspaceView):
    required_permissions: ClassVar = {"GET": "member.view"}
    orderings = ("joined_at",)

    @extend_schema(responses=page_of(MemberOut))
    def get(self, request: Request, workspace_id: int) -> Response:
        """Who belongs to the workspace, with their roles."""
        return self.page(people(self.user, workspace_id), MemberOut)


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
            to_roles=_roles(workspace_id, given["roles"]) if "roles" in given else None,
            status=given.get("status"),
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
        locked = rows.select_for_update(of=("self",))
        return self.find(locked, workspace_id=workspace_id, user_id=user_id)


def people(user: User, workspace_id: int | None) -> Any:
    """The members of a workspace as they are shown, in one query."""
    found = Membership.objects.visible_to(user).filter(workspace_id=workspace_id)
    return found.with_roles().select_related("user__profile", "workspace")


def _roles(workspace_id: int, ids: list[int]) -> list[Role]:
    found = list(Role.objects.grantable_in(workspace_id).filter(pk__in=ids))
    if len(found) != len(set(ids)):
        raise Invalid([field_error("/roles", "does_not_exist", _("No such role."))])
    return found
