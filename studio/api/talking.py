"""Talks about a work, and what checks of its text found."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.problems import Refused
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio import chats, findings
from studio.api.helping import MAX_KEYS, HelpView
from studio.models import Chat, Finding


class StoryChatIn(Serializer):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    pins = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=MAX_KEYS, required=False
    )


class ChatOut(serializers.Serializer):
    """A talk. Its turns are the AI requests with its id."""

    id = serializers.UUIDField()
    work = serializers.UUIDField(source="work_id")
    title = serializers.CharField()
    pins = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class FindingIn(Serializer):
    state = serializers.ChoiceField(Finding.State.choices)


class StoryFindingOut(serializers.Serializer):
    """What may be wrong, with the words that show it. Shapes: `quotes` `[{chapter_id, text, position}]`."""

    id = serializers.UUIDField()
    work = serializers.UUIDField(source="work_id")
    chapter = serializers.UUIDField(source="chapter_id", allow_null=True)
    request = serializers.UUIDField(source="request_id", allow_null=True)
    kind = serializers.ChoiceField(Finding.Kind.choices)
    severity = serializers.IntegerField()
    message = serializers.CharField()
    suggestion = serializers.CharField()
    quotes = serializers.JSONField()
    state = serializers.ChoiceField(Finding.State.choices)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class Chats(HelpView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "model.use"}
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(ChatOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        """Your talks about a work."""
        work = self.work(work_id, "read")
        return self.page(Chat.objects.visible_to(self.principal).filter(work=work), ChatOut)

    @extend_schema(request=StoryChatIn, responses={201: ChatOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        """Begin a talk."""
        work = self.work(work_id)
        chat = chats.begin(principal=self.principal, work=work, values=self.read(StoryChatIn))
        return self.tagged(chat, ChatOut, status=HTTPStatus.CREATED)


class ChatDetail(HelpView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PATCH": "work.view",
        "DELETE": "work.view",
    }

    def chat(self, chat_id: UUID, *, lock: bool = False) -> Chat:
        rows = Chat.objects.visible_to(self.principal)
        return self.find(rows.select_for_update(of=("self",)) if lock else rows, pk=chat_id)

    @extend_schema(responses=ChatOut)
    def get(self, request: Request, chat_id: UUID) -> Response:
        """One talk; its turns are `ai-requests/?chat=`."""
        return self.tagged(self.chat(chat_id), ChatOut)

    @extend_schema(request=StoryChatIn, responses=ChatOut)
    def patch(self, request: Request, chat_id: UUID) -> Response:
        """Name it, or change what it always tells."""
        chat = self.chat(chat_id, lock=True)
        etags.require(self.request, chat, optional=True)
        return self.tagged(
            chats.change(principal=self.principal, chat=chat, values=self.read(StoryChatIn)),
            ChatOut,
        )

    @extend_schema(responses={204: None})
    def delete(self, request: Request, chat_id: UUID) -> Response:
        """Delete it with the texts of its turns."""
        chats.remove(principal=self.principal, chat=self.chat(chat_id, lock=True))
        return Response(status=HTTPStatus.NO_CONTENT)


class Findings(HelpView):
    required_permissions: ClassVar = {"GET": "work.view"}
    query_parameters = frozenset({"state", "kind"})
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(StoryFindingOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        """What checks found in a work."""
        work = self.work(work_id, "read")
        rows = Finding.objects.visible_to(self.principal).filter(work=work)
        for name in ("state", "kind"):
            if wanted := request.GET.get(name):
                rows = rows.filter(**{name: wanted})
        return self.page(rows, StoryFindingOut)


class FindingDetail(HelpView):
    required_permissions: ClassVar = {"GET": "work.view", "PATCH": "work.update"}

    @extend_schema(responses=StoryFindingOut)
    def get(self, request: Request, finding_id: UUID) -> Response:
        """One remark."""
        return self.tagged(
            self.find(Finding.objects.visible_to(self.principal), pk=finding_id), StoryFindingOut
        )

    @extend_schema(request=FindingIn, responses=StoryFindingOut)
    def patch(self, request: Request, finding_id: UUID) -> Response:
        """Say what became of it: fixed, dismissed, intentional, or open again."""
        found = self.find(Finding.objects.visible_to(self.principal), pk=finding_id)
        if not Finding.objects.editable_by(self.principal).filter(pk=found.pk).exists():
            raise Refused("permission_denied")
        given = self.read(FindingIn)
        decided = findings.decide(principal=self.principal, finding=found, state=given["state"])
        return self.tagged(decided, StoryFindingOut)
