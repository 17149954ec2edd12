"""Invitations into a workspace, and the answers of those who were invited."""

from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import identity, invitations, mail
from accounts.api.people import WorkspaceBriefOut, briefs
from accounts.api.workspaces import WorkspaceView
from accounts.models import Invitation, Role
from accounts.web import throttles
from accounts.web.permissions import SIGNED_IN
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView

# Every letter counts, the first and those sent again.
SENDING = {**throttles.BY_METHOD, "POST": ("invite",)}


class InvitationIn(Serializer):
    email = serializers.CharField(max_length=254)
    role = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="The id of a role.")
    message = serializers.CharField(max_length=500, allow_blank=True, required=False, default="")

    def validate_email(self, value: str) -> str:
        try:
            return identity.clean_email(value, allow_local=True)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages, code="email_invalid") from error


class InvitationOut(serializers.Serializer):
    id = serializers.UUIDField()
    email = serializers.CharField()
    role = serializers.IntegerField(source="role_id", allow_null=True)
    message = serializers.CharField()
    invited_by = serializers.UUIDField(source="invited_by_id", allow_null=True)
    state = serializers.SerializerMethodField()
    send_count = serializers.IntegerField()
    last_sent_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    allowed_actions = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(Invitation.State.choices))
    def get_state(self, invitation: Invitation) -> str:
        return invitation.state(timezone.now())

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_allowed_actions(self, invitation: Invitation) -> list[str]:
        is_open = self.get_state(invitation) == Invitation.State.OPEN
        manages = self.context["principal"].may("member.manage")
        return ["deliver", "revoke"] if is_open and manages else []


class NewInvitationOut(InvitationOut):
    link = serializers.CharField(
        required=False, help_text="Only where no letter leaves the platform; shown this once."
    )


class Invitations(WorkspaceView):
    required_permissions: ClassVar = {"GET": "member.manage", "POST": "member.manage"}
    rate_limits: ClassVar = SENDING
    people_only_writes = True
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(InvitationOut))
    def get(self, request: Request, workspace_id: int) -> Response:
        """Who was invited, and what became of it."""
        return self.page(_visible(self, workspace_id), InvitationOut)

    @extend_schema(request=InvitationIn, responses={201: NewInvitationOut})
    def post(self, request: Request, workspace_id: int) -> Response:
        """Invite an address. The answer is the same whether it has an account or not."""
        given = self.read(InvitationIn)
        invitation, link = invitations.create(
            workspace_id=workspace_id,
            email=given["email"],
            role=_role(workspace_id, given["role"]),
            message=given["message"],
            held=self.principal.permissions(),
            by=self.user,
        )
        return _with_link(self, invitation, link, status=201)


class InvitationDetail(WorkspaceView):
    required_permissions: ClassVar = {"GET": "member.manage", "DELETE": "member.manage"}
    people_only_writes = True

    @extend_schema(responses=InvitationOut)
    def get(self, request: Request, workspace_id: int, invitation_id: UUID) -> Response:
        """One invitation."""
        return self.tagged(self.find(_visible(self, workspace_id), pk=invitation_id), InvitationOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, workspace_id: int, invitation_id: UUID) -> Response:
        """Take an invitation back; its link stops working."""
        invitations.revoke(invitation=_locked(self, workspace_id, invitation_id), by=self.user)
        return Response(status=204)


class Delivery(WorkspaceView):
    required_permissions: ClassVar = {"POST": "member.manage"}
    rate_limits: ClassVar = SENDING
    people_only = True

    @extend_schema(request=None, responses=NewInvitationOut)
    def post(self, request: Request, workspace_id: int, invitation_id: UUID) -> Response:
        """Send an invitation again with a new link; at most five times in all."""
        invitation = _locked(self, workspace_id, invitation_id)
        link = invitations.resend(
            invitation=invitation, held=self.principal.permissions(), by=self.user
        )
        return _with_link(self, invitation, link, status=200)


class AnswerIn(Serializer):
    token = serializers.CharField(max_length=100, help_text="The last part of the link.")


class Acceptance(ApiView):
    required_permissions: ClassVar = {"POST": SIGNED_IN}
    people_only = True

    @extend_schema(request=AnswerIn, responses=WorkspaceBriefOut)
    def post(self, request: Request) -> Response:
        """Accept an invitation to an address of yours."""
        token = self.read(AnswerIn)["token"]
        membership = invitations.accept(token=token, user=self.user)
        found = briefs(self.user, membership.workspace_id)
        return Response(self.shown(found[0], WorkspaceBriefOut))


class Refusal(ApiView):
    required_permissions: ClassVar = {"POST": SIGNED_IN}
    people_only = True

    @extend_schema(request=AnswerIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """Decline an invitation to an address of yours."""
        invitations.decline(token=self.read(AnswerIn)["token"], user=self.user)
        return Response(status=204)


def _with_link(view: ApiView, invitation: Invitation, link: str, *, status: int) -> Response:
    shown = view.shown(invitation, InvitationOut)
    if mail.is_filed():
        view.reply_holds_secret = True
        shown["link"] = link
    address = f"/api/v1/workspaces/{invitation.workspace_id}/invitations/{invitation.pk}/"
    return Response(shown, status=status, headers={"Location": address} if status == 201 else {})


def _visible(view: ApiView, workspace_id: int) -> Any:
    return Invitation.objects.visible_to(view.user).filter(workspace_id=workspace_id)


def _locked(view: ApiView, workspace_id: int, invitation_id: UUID) -> Invitation:
    rows = _visible(view, workspace_id).select_related("workspace", "invited_by")
    found: Invitation = view.find(rows.select_for_update(of=("self",)), pk=invitation_id)
    return found


def _role(workspace_id: int, role_id: int) -> Role:
    found = Role.objects.grantable_in(workspace_id).filter(pk=role_id).first()
    if found is None:
        raise Invalid([field_error("/role", "does_not_exist", _("No such role."))])
    return found
