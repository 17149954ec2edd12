"""Help of the AI: what would be sent, the request, its words as they come, and erasing them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import watching
from accounts.web import streams
from accounts.web.parsing import JsonRenderer
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.streams import EventRenderer
from studio import context, streaming
from studio.api.helping import HelpIn, HelpView, fields_named
from studio.models import AIRequest, Chapter, Proposal
from studio.models.base import moment_of
from studio.requests import asking, erasing, tools, wishes


class AIRequestIn(HelpIn):
    work = serializers.UUIDField()
    variants = serializers.IntegerField(
        min_value=1, max_value=asking.MOST_VARIANTS, required=False, default=1
    )
    context_sha256 = serializers.RegexField(
        r"^[0-9a-f]{64}\Z", required=False, help_text="Of the preview that was shown."
    )


class ContextPartOut(serializers.Serializer):
    """One part of a context. Units: tokens."""

    key = serializers.CharField()
    part = serializers.CharField()
    title = serializers.CharField()
    reason = serializers.CharField()
    tokens = serializers.IntegerField()
    is_cut = serializers.BooleanField()
    is_fixed = serializers.BooleanField(help_text="Cannot be unticked.")
    text = serializers.CharField()


class ContextPreviewOut(serializers.Serializer):
    """What would be sent, and for how much. Units: tokens; costs in the platform's currency, null is unknown."""

    context_sha256 = serializers.CharField()
    model = serializers.CharField()
    note = serializers.CharField()
    parts = ContextPartOut(many=True)
    dropped = ContextPartOut(many=True)
    calls = serializers.IntegerField()
    context_tokens = serializers.IntegerField()
    budget = serializers.IntegerField()
    window = serializers.IntegerField()
    temperature = serializers.FloatField()
    max_tokens = serializers.IntegerField()
    least_cost = serializers.CharField(allow_null=True)
    most_cost = serializers.CharField(allow_null=True)


class AIRequestRowOut(serializers.Serializer):
    """A request in a list: no texts."""

    id = serializers.UUIDField()
    type = serializers.CharField(source="request_type")
    status = serializers.ChoiceField(AIRequest.Status.choices)
    work = serializers.UUIDField(source="work_id", allow_null=True)
    chapter = serializers.UUIDField(source="chapter_id", allow_null=True)
    chat = serializers.UUIDField(source="chat_id", allow_null=True)
    agent = serializers.UUIDField(source="agent_id", allow_null=True)
    agent_version = serializers.IntegerField(allow_null=True)
    base_revision = serializers.IntegerField(allow_null=True)
    range_start = serializers.IntegerField(allow_null=True)
    range_end = serializers.IntegerField(allow_null=True)
    variants = serializers.IntegerField()
    context_sha256 = serializers.CharField()
    context_tokens = serializers.IntegerField(allow_null=True)
    finish_reason = serializers.CharField()
    is_partial = serializers.BooleanField()
    error = serializers.CharField(source="error_message")
    parent = serializers.UUIDField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    task = serializers.UUIDField(source="task_id", allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AIRequestOut(AIRequestRowOut):
    """A request with its texts. `context` is exactly what was sent and why; `proposals` wait to be decided."""

    instruction = serializers.CharField()
    input_text = serializers.CharField()
    output_text = serializers.CharField()
    context_sent = serializers.JSONField(source="context")
    proposals = serializers.SerializerMethodField()

    def get_proposals(self, request: AIRequest) -> list[str]:
        rows = Proposal.objects.filter(request_id=request.pk).order_by("variant")
        return [str(number) for number in rows.values_list("pk", flat=True)]


class RequestView(HelpView):
    def mine(self) -> QuerySet[AIRequest]:
        return AIRequest.objects.visible_to(self.principal)

    def request_of(self, request_id: UUID) -> AIRequest:
        return self.find(self.mine(), pk=request_id, created_at=moment_of(request_id))


class ContextPreviews(HelpView):
    required_permissions: ClassVar = {"POST": "model.use"}
    rate_limits: ClassVar = {"POST": ("api.write",)}
    keeps_replies = False

    @extend_schema(request=HelpIn, responses=ContextPreviewOut)
    def post(self, request: Request, work_id: UUID) -> Response:
        """Exactly what would be sent: each part with its text and reason, what is left out, what it may cost."""
        work = self.work(work_id)
        given = self.read(HelpIn)
        with fields_named():
            wish = wishes.wish(principal=self.principal, work=work, given=given)
            built = context.build(principal=self.principal, wish=wish)
        return Response(context.preview(built))


class AIRequests(RequestView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "model.use"}
    rate_limits: ClassVar = {"GET": ("api.read",), "POST": ("ai",)}
    query_parameters = frozenset({"work", "chapter", "chat", "status"})
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(AIRequestRowOut))
    def get(self, request: Request) -> Response:
        """Your requests, the newest first."""
        rows = self.mine().defer("context", "instruction", "input_text", "output_text")
        for name, column in (("work", "work_id"), ("chapter", "chapter_id"), ("chat", "chat_id")):
            if wanted := request.GET.get(name):
                rows = rows.filter(**{column: _uuid(wanted)})
        if wanted := request.GET.get("status"):
            rows = rows.filter(status=wanted)
        return self.page(rows, AIRequestRowOut)

    @extend_schema(request=AIRequestIn, responses={202: AIRequestOut})
    def post(self, request: Request) -> Response:
        """Ask. With `context_sha256` nothing else is sent than what was shown; stop it by cancelling its task."""
        given = self.read(AIRequestIn)
        work = self.work(given["work"])
        with fields_named():
            wish = wishes.wish(principal=self.principal, work=work, given=given)
            asked = asking.ask(
                principal=self.principal,
                wish=wish,
                base_revision=given.get("base_revision"),
                context_sha256=given.get("context_sha256", ""),
                variants=given["variants"],
            )
        shown = self.shown(asked.request, AIRequestOut)
        address = f"/api/v1/ai-requests/{asked.request.pk}/stream/"
        return Response(shown, status=HTTPStatus.ACCEPTED, headers={"Location": address})


class ToolRequestIn(Serializer):
    """The passage, in code points of the chapter at `base_revision`."""

    range_start = serializers.IntegerField(min_value=0)
    range_end = serializers.IntegerField(min_value=1)
    base_revision = serializers.IntegerField(min_value=0, required=False, allow_null=True)
    instruction = serializers.CharField(
        max_length=tools.MOST_WISH, required=False, allow_blank=True, default=""
    )


class ToolRequests(RequestView):
    required_permissions: ClassVar = {"POST": "model.use"}
    rate_limits: ClassVar = {"POST": ("ai",)}

    @extend_schema(request=ToolRequestIn, responses={202: AIRequestOut})
    def post(self, request: Request, chapter_id: UUID) -> Response:
        """Ask the text tools among the workspace's plugins about a passage; each answer becomes a proposal."""
        chapter = self.find(Chapter.objects.visible_to(self.principal), pk=chapter_id)
        work = self.work(chapter.work_id)
        given = self.read(ToolRequestIn)
        span = given.pop("range_start"), given.pop("range_end")
        with fields_named():
            asked = tools.ask(
                principal=self.principal,
                work=work,
                chapter=chapter,
                span=span,
                **given,
            )
        return Response(self.shown(asked, AIRequestOut), status=HTTPStatus.ACCEPTED)


class AIRequestDetail(RequestView):
    required_permissions: ClassVar = {"GET": "work.view"}

    @extend_schema(responses=AIRequestOut)
    def get(self, request: Request, request_id: UUID) -> Response:
        """One request as it stands, with what was sent and what came."""
        return Response(self.shown(self.request_of(request_id), AIRequestOut))


class AIRequestStream(RequestView):
    required_permissions: ClassVar = {"GET": "work.view"}
    renderer_classes = [EventRenderer, JsonRenderer]

    @extend_schema(responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, request_id: UUID) -> HttpResponseBase:
        """Server-sent events: `snapshot`, then `text`, `usage`, and one of `done`, `error`, `cancelled`."""
        found = self.request_of(request_id)
        watching.check_room(self.user.id)
        source = partial(_news, self.principal, found.pk, found.task_id)
        return streams.stream(self.request, source)


class AIRequestTexts(RequestView):
    required_permissions: ClassVar = {"DELETE": "work.view"}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, request_id: UUID) -> Response:
        """Erase what was sent and what came; the numbers stay. Proposals that wait go with it."""
        erasing.erase(principal=self.principal, request=self.request_of(request_id))
        return Response(status=HTTPStatus.NO_CONTENT)


def _news(principal: Any, request_id: UUID, task_id: UUID | None, _seen: str | None) -> Any:
    return streaming.news(principal, request_id, task_id, partial(_shown, principal))


def _shown(principal: Any, request: AIRequest) -> Mapping[str, Any]:
    return AIRequestOut(request, context={"principal": principal}).data


def _uuid(given: str) -> UUID:
    """An id of a filter; what is none finds nothing."""
    try:
        return UUID(given)
    except ValueError:
        return UUID(int=0)
