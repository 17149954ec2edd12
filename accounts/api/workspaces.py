"""Workspaces: opening, renaming, leaving, handing over, deleting and restoring them."""

from typing import ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import lifecycle, members, ownership, tenancy, workspaces
from accounts.models import Membership, User, Workspace
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
    owner_id = serializers.UUIDField()
    deletion_due_at = serializers.DateTimeField(
        allow_null=True, help_text="Until then its owner can restore it."
    )
    offered_to = serializers.UUIDField(
        allow_null=True, source="offered_to_id", help_text="The member who may take it over."
    )
    offer_expires_at = serializers.DateTimeField(allow_null=True)
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
    required_permissions: ClassVar = {
        "GET": "workspace.view",
        "PATCH": "workspace.update",
        "DELETE": "workspace.delete",
    }

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

    @extend_schema(responses={202: WorkspaceDetailOut})
    def delete(self, request: Request, workspace_id: int) -> Response:
        """Begin to delete a workspace; its owner can restore it for fourteen days.

        Needs a sign-in of the last ten minutes.
        """
        self.require_fresh()
        workspace = self.workspace(lock=True)
        etags.require(request, workspace, optional=True)
        lifecycle.delete(workspace=workspace, by=self.user)
        return self.tagged(workspace, WorkspaceDetailOut, status=202)


class Restoration(WorkspaceView):
    required_permissions: ClassVar = {"POST": "workspace.delete"}
    people_only = True
    works_while_frozen = True

    @extend_schema(request=None, responses=WorkspaceDetailOut)
    def post(self, request: Request, workspace_id: int) -> Response:
        """Take the deletion of a workspace back."""
        restored = lifecycle.restore(workspace=self.workspace(lock=True), by=self.user)
        return self.tagged(restored, WorkspaceDetailOut)


class TransferIn(Serializer):
    user_id = serializers.UUIDField(help_text="An active member.")


class Transfer(WorkspaceView):
    required_permissions: ClassVar = {"POST": "workspace.transfer", "DELETE": "workspace.view"}
    people_only = True

    @extend_schema(request=TransferIn, responses=WorkspaceDetailOut)
    def post(self, request: Request, workspace_id: int) -> Response:
        """Offer the workspace to a member, who can take it over for seven days.

        Needs a sign-in of the last ten minutes.
        """
        self.require_fresh()
        workspace = self.workspace(lock=True)
        heir = _member(workspace, self.read(TransferIn)["user_id"])
        offered = ownership.offer(workspace=workspace, to=heir, by=self.user)
        return self.tagged(offered, WorkspaceDetailOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, workspace_id: int) -> Response:
        """Take the offer back, or decline the one made to you."""
        ownership.withdraw(workspace=self.workspace(lock=True), by=self.user)
        return Response(status=204)


class TransferAcceptance(WorkspaceView):
    required_permissions: ClassVar = {"POST": "workspace.view"}
    people_only = True

    @extend_schema(request=None, responses=WorkspaceDetailOut)
    def post(self, request: Request, workspace_id: int) -> Response:
        """Become the owner of a workspace offered to you. Needs a sign-in of the last ten minutes."""
        self.require_fresh()
        taken = ownership.accept(workspace=self.workspace(lock=True), heir=self.user)
        return self.tagged(taken, WorkspaceDetailOut)


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
        locked = mine.select_for_update(of=("self",))
        members.leave(membership=self.find(locked, workspace_id=workspace_id))
        return Response(status=204)


def _member(workspace: Workspace, user_id: object) -> User:
    found = User.objects.filter(pk=user_id, memberships__workspace=workspace).first()
    if found is None:
        raise Invalid([field_error("/user_id", "does_not_exist", _("No such member."))])
    return found
