"""Who takes part in a work: invited, accepted, given rights, revoked."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.web.serializers import Serializer
from studio import collaboration
from studio.api.story import StoryView, unknown
from studio.models import Collaborator, Work
from studio.models.collaborator import GIVEN_ROLES


class PermissionsIn(Serializer):
    chapters = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=collaboration.MOST_CHAPTERS,
        required=False,
        allow_null=True,
        help_text="An editor of these alone.",
    )
    can_use_ai = serializers.BooleanField(required=False)
    can_export = serializers.BooleanField(required=False)
    can_publish = serializers.BooleanField(required=False)
    can_invite = serializers.BooleanField(required=False)


class CollaboratorChangeIn(Serializer):
    role = serializers.ChoiceField(GIVEN_ROLES)
    permissions = PermissionsIn(required=False)


class CollaboratorIn(CollaboratorChangeIn):
    user_id = serializers.UUIDField(help_text="A member of the workspace.")


class CollaboratorOut(serializers.Serializer):
    """One person's part. Without `accepted_at` they are invited and see nothing yet."""

    id = serializers.UUIDField()
    work_id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    username = serializers.CharField(source="user.username")
    role = serializers.ChoiceField(Collaborator.Role.choices)
    permissions = serializers.JSONField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class InvitedOut(serializers.Serializer):
    work_id = serializers.UUIDField()
    title = serializers.CharField(source="work.title")
    invited_by = serializers.CharField(source="invited_by.username", allow_null=True, default=None)
    role = serializers.ChoiceField(Collaborator.Role.choices)
    created_at = serializers.DateTimeField()


class Collaborators(StoryView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.update"}

    @extend_schema(responses=CollaboratorOut(many=True))
    def get(self, request: Request, work_id: UUID) -> Response:
        """The owner first."""
        rows = collaboration.of_work(self.work(work_id))
        return Response(self.shown(rows, CollaboratorOut, many=True))

    @extend_schema(request=CollaboratorIn, responses={201: CollaboratorOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        """Ask a member of the workspace to take part."""
        work = self.work(work_id, "invite")
        given = self.read(CollaboratorIn)
        user = User.objects.filter(pk=given["user_id"], is_active=True).first()
        if user is None:
            raise unknown("user_id")
        made = collaboration.invite(
            work=work,
            user=user,
            role=given["role"],
            permissions=given.get("permissions", {}),
            by=self.principal,
        )
        return Response(self.shown(made, CollaboratorOut), status=HTTPStatus.CREATED)


class CollaboratorDetail(StoryView):
    required_permissions: ClassVar = {"PATCH": "work.update", "DELETE": "work.view"}

    @extend_schema(request=CollaboratorChangeIn, responses=CollaboratorOut)
    def patch(self, request: Request, work_id: UUID, user_id: UUID) -> Response:
        row = self._collaborator(self.work(work_id, "invite"), user_id)
        given = self.read(CollaboratorChangeIn)
        collaboration.change(
            collaborator=row,
            role=given["role"],
            permissions=given.get("permissions", {}),
            by=self.principal,
        )
        return Response(self.shown(row, CollaboratorOut))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, work_id: UUID, user_id: UUID) -> Response:
        """Take the part away, or leave. It holds from the next request on."""
        is_own = user_id == self.user.pk
        work = self.work(work_id, "read" if is_own else "invite")
        collaboration.revoke(collaborator=self._collaborator(work, user_id), by=self.principal)
        return Response(status=HTTPStatus.NO_CONTENT)

    def _collaborator(self, work: Work, user_id: UUID) -> Any:
        rows = Collaborator.objects.filter(work=work, revoked_at__isnull=True)
        rows = rows.select_related("user", "work").select_for_update(of=("self",))
        return self.find(rows, user=user_id)


class WorkInvitations(StoryView):
    required_permissions: ClassVar = {"GET": "work.view"}

    @extend_schema(responses=InvitedOut(many=True))
    def get(self, request: Request) -> Response:
        """What you were asked to take part in and have not answered."""
        rows = collaboration.invitations_of(self.user, self.workspace_id)
        return Response(self.shown(rows.order_by("pk"), InvitedOut, many=True))


class WorkInvitationDetail(StoryView):
    """The answer to an invitation of one's own."""

    required_permissions: ClassVar = {"PUT": "work.view", "DELETE": "work.view"}

    @extend_schema(request=None, responses=CollaboratorOut)
    def put(self, request: Request, work_id: UUID) -> Response:
        """Take part."""
        row = collaboration.accept(invitation=self._mine(work_id), by=self.principal)
        return Response(self.shown(row, CollaboratorOut))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, work_id: UUID) -> Response:
        """Decline."""
        collaboration.revoke(collaborator=self._mine(work_id), by=self.principal)
        return Response(status=HTTPStatus.NO_CONTENT)

    def _mine(self, work_id: UUID) -> Any:
        rows = collaboration.invitations_of(self.user, self.workspace_id)
        return self.find(rows.select_for_update(of=("self",)), work=work_id)
