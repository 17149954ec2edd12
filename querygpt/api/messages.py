"""Questions and answers: asked, watched, stopped, tried again, rated, drawn otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import watching
from accounts.web import streams
from accounts.web.parsing import JsonRenderer
from accounts.web.problems import Refused
from accounts.web.schema import OBJECT_OR_NULL, page_of
from accounts.web.serializers import Serializer
from accounts.web.streams import CONTENT_TYPE, EventRenderer
from accounts.web.views import ApiView
from querygpt import rating, streaming
from querygpt.answering import asking, details, stopping
from querygpt.answering.asking import Asked
from querygpt.conversations import ENGINES, LANGUAGES
from querygpt.models import Conversation, Message
from querygpt.models.run import MAX_SQL_BYTES

MAX_CONTENT = 4_000
MAX_NOTE = 1_000


class QuestionIn(Serializer):
    content = serializers.CharField(min_length=1, max_length=MAX_CONTENT)
    language = serializers.ChoiceField(LANGUAGES, required=False, default="")
    engine = serializers.ChoiceField(ENGINES, required=False)


class RegenerationIn(Serializer):
    engine = serializers.ChoiceField(ENGINES, required=False)


class StatementIn(Serializer):
    sql = serializers.CharField(min_length=1, max_length=MAX_SQL_BYTES, trim_whitespace=False)


class RunIn(StatementIn):
    """A statement, and how long it may take this once, in seconds."""

    timeout_seconds = serializers.IntegerField(min_value=1, max_value=120, required=False)


class ChoiceIn(Serializer):
    option = serializers.IntegerField(min_value=0, max_value=details.MOST_OPTIONS - 1)


class FeedbackIn(Serializer):
    feedback = serializers.ChoiceField([-1, 0, 1])
    note = serializers.CharField(max_length=MAX_NOTE, required=False, default="", allow_blank=True)


class ChartDataIn(Serializer):
    x = serializers.CharField(max_length=255, allow_null=True, default=None)
    y = serializers.ListField(child=serializers.CharField(max_length=255), max_length=5)
    series = serializers.CharField(max_length=255, allow_null=True, default=None)
    sort = serializers.ChoiceField(["asc", "desc"], allow_null=True, default=None)
    top = serializers.IntegerField(min_value=1, max_value=50, allow_null=True, default=None)
    unit = serializers.CharField(max_length=40, allow_null=True, default=None)


class ChartIn(Serializer):
    type = serializers.CharField(max_length=20)
    title = serializers.CharField(max_length=200, allow_blank=True, default="")
    data = ChartDataIn()  # type: ignore[assignment]


class MessageOut(serializers.Serializer):
    """A turn of a conversation. `metadata` of an answer has exactly the keys of its documentation; rows are no part of it."""

    id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    position = serializers.IntegerField()
    role = serializers.ChoiceField(Message.Role.choices)
    content = serializers.CharField()
    language = serializers.CharField()
    reply_to_id = serializers.UUIDField(allow_null=True)
    variant = serializers.IntegerField()
    state = serializers.ChoiceField(Message.State.choices, allow_null=True)
    outcome = serializers.ChoiceField(Message.Outcome.choices, allow_null=True)
    engine = serializers.CharField()
    metadata = serializers.JSONField()
    assumptions = serializers.SerializerMethodField()
    options = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()
    reference_date = serializers.SerializerMethodField()
    disclosed = serializers.SerializerMethodField()
    event_seq = serializers.IntegerField()
    task_id = serializers.UUIDField(allow_null=True)
    feedback = serializers.IntegerField()
    feedback_note = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_assumptions(self, message: Message) -> list[str]:
        return list(details.of(message.plan)["assumptions"])

    def get_options(self, message: Message) -> list[str]:
        return [str(one["label"]) for one in details.of(message.plan)["options"]]

    def get_note(self, message: Message) -> str:
        return str(details.of(message.plan)["note"])

    def get_reference_date(self, message: Message) -> str | None:
        day: str | None = details.of(message.plan)["reference_date"]
        return day

    @extend_schema_field(OBJECT_OR_NULL)
    def get_disclosed(self, message: Message) -> dict[str, Any] | None:
        found: dict[str, Any] | None = details.of(message.plan)["disclosed"]
        return found


class QuestionAskedOut(serializers.Serializer):
    """What was written: the question, the answer that waits, and the task that brings it."""

    user = MessageOut(source="question")
    assistant = MessageOut(source="answer")
    task = serializers.UUIDField(source="task.id")


class MessageView(ApiView):
    """What every view of messages starts from."""

    def visible(self) -> models.QuerySet[Message]:
        return Message.objects.visible_to(self.principal).select_related("conversation", "reply_to")

    def answer_of(self, message_id: UUID, *, lock: bool = False) -> Message:
        """An assistant's message; a question has nothing to stop or rate."""
        rows = self.visible().filter(role=Message.Role.ASSISTANT)
        return self.find(rows.select_for_update(of=("self",)) if lock else rows, pk=message_id)

    def asked(self, found: Asked) -> HttpResponseBase:
        """202 with what was written, or the stream of the answer for whoever accepts events."""
        address = f"/api/v1/messages/{found.answer.pk}/stream/"
        if CONTENT_TYPE in self.request.headers.get("Accept", ""):
            response: HttpResponseBase = self.streamed(found.answer)
            response["Location"] = address
            return response
        shown = self.shown(found, QuestionAskedOut)
        return Response(shown, status=HTTPStatus.ACCEPTED, headers={"Location": address})

    def streamed(self, message: Message) -> HttpResponseBase:
        watching.check_room(self.user.id)
        shown = partial(_shown, self.principal)
        source = partial(_news, self.principal, message.pk, message.task_id, shown)
        return streams.stream(self.request, source)


def _shown(principal: Any, message: Message) -> Mapping[str, Any]:
    return MessageOut(message, context={"principal": principal}).data


def _news(
    principal: Any, message_id: UUID, task_id: UUID | None, shown: Any, _seen: str | None
) -> Any:
    """Whatever the reader saw last, the first event is the whole message."""
    return streaming.news(principal, message_id, task_id, shown)


class Messages(MessageView):
    required_permissions: ClassVar = {"GET": "conversation.view", "POST": "connection.query"}
    rate_limits: ClassVar = {"GET": ("api.read",), "POST": ("ai",)}
    orderings = ("position", "-position")
    renderer_classes = [JsonRenderer, EventRenderer]

    def conversation(self, conversation_id: UUID) -> Conversation:
        return self.find(Conversation.objects.visible_to(self.principal), pk=conversation_id)

    @extend_schema(responses=page_of(MessageOut))
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """The messages of a conversation in their order, every variant of an answer among them."""
        rows = self.visible().filter(conversation=self.conversation(conversation_id))
        return self.page(rows, MessageOut)

    @extend_schema(
        request=QuestionIn,
        responses={202: QuestionAskedOut, (200, "text/event-stream"): OpenApiTypes.STR},
    )
    def post(self, request: Request, conversation_id: UUID) -> HttpResponseBase:
        """Ask. Answers 202, or with `Accept: text/event-stream` with the events of the answer."""
        conversation = self.conversation(conversation_id)
        given = self.read(QuestionIn)
        found = asking.ask(
            principal=self.principal,
            conversation=conversation,
            content=given["content"],
            language=given["language"],
            engine=given.get("engine", ""),
        )
        return self.asked(found)


class MessageDetail(MessageView):
    required_permissions: ClassVar = {"GET": "conversation.view"}

    @extend_schema(responses=MessageOut)
    def get(self, request: Request, message_id: UUID) -> Response:
        """One message as it stands."""
        return self.tagged(self.find(self.visible(), pk=message_id), MessageOut)


class MessageStream(MessageView):
    required_permissions: ClassVar = {"GET": "conversation.view"}
    renderer_classes = [EventRenderer, JsonRenderer]

    @extend_schema(responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, message_id: UUID) -> HttpResponseBase:
        """Server-sent events: `snapshot` first, then what changes, then one of `done`, `error`, `cancelled`."""
        return self.streamed(self.answer_of(message_id))


class MessageCancellation(MessageView):
    required_permissions: ClassVar = {"POST": "connection.query"}

    @extend_schema(request=None, responses={202: MessageOut, 200: MessageOut})
    def post(self, request: Request, message_id: UUID) -> Response:
        """Stop an answer. 202 when it was stopped just now, 200 when it had ended before."""
        message = self.answer_of(message_id)
        stopped = stopping.stop(principal=self.principal, message=message)
        status = HTTPStatus.ACCEPTED if stopped else HTTPStatus.OK
        return self.tagged(self.answer_of(message_id), MessageOut, status=status)


class MessageRegeneration(MessageView):
    required_permissions: ClassVar = {"POST": "connection.query"}
    rate_limits: ClassVar = {"POST": ("ai",)}

    @extend_schema(request=RegenerationIn, responses={202: QuestionAskedOut})
    def post(self, request: Request, message_id: UUID) -> HttpResponseBase:
        """Answer the same question once more, as the next variant."""
        message = self.answer_of(message_id)
        given = self.read(RegenerationIn)
        found = asking.regenerate(
            principal=self.principal, message=message, engine=given.get("engine", "")
        )
        return self.asked(found)


class MessageRuns(MessageView):
    required_permissions: ClassVar = {"POST": "connection.run_sql"}
    rate_limits: ClassVar = {"POST": ("ai",)}

    @extend_schema(request=RunIn, responses={202: QuestionAskedOut})
    def post(self, request: Request, message_id: UUID) -> HttpResponseBase:
        """Run a statement of one's own as the next variant; the same guard and the same limits hold."""
        message = self.answer_of(message_id)
        given = self.read(RunIn)
        if len(given["sql"].encode()) > MAX_SQL_BYTES:
            raise Refused("body_too_large", members={"max_bytes": MAX_SQL_BYTES})
        return self.asked(
            asking.rerun(
                principal=self.principal,
                message=message,
                sql=given["sql"],
                timeout_seconds=given.get("timeout_seconds"),
            )
        )


class MessageChoice(MessageView):
    required_permissions: ClassVar = {"POST": "connection.query"}
    rate_limits: ClassVar = {"POST": ("ai",)}

    @extend_schema(request=ChoiceIn, responses={202: QuestionAskedOut})
    def post(self, request: Request, message_id: UUID) -> HttpResponseBase:
        """Go on with one of the readings that the answer offers."""
        message = self.answer_of(message_id)
        given = self.read(ChoiceIn)
        return self.asked(
            asking.choose(principal=self.principal, message=message, option=given["option"])
        )


class MessageFeedback(MessageView):
    required_permissions: ClassVar = {"PUT": "conversation.update"}

    @extend_schema(request=FeedbackIn, responses=MessageOut)
    def put(self, request: Request, message_id: UUID) -> Response:
        """Say whether an answer helped: 1, 0 or -1, and why."""
        message = self.answer_of(message_id, lock=True)
        given = self.read(FeedbackIn)
        rating.rate(
            principal=self.principal,
            message=message,
            feedback=int(given["feedback"]),
            note=given["note"],
        )
        return self.tagged(self.answer_of(message_id), MessageOut)


class MessageVisualization(MessageView):
    required_permissions: ClassVar = {"PUT": "conversation.update"}

    @extend_schema(request=ChartIn, responses=MessageOut)
    def put(self, request: Request, message_id: UUID) -> Response:
        """Draw the result otherwise: type, axes, order, how many. The choice is kept."""
        message = self.answer_of(message_id, lock=True)
        given = self.read(ChartIn)
        rating.redraw(principal=self.principal, message=message, spec=_plain(given))
        return self.tagged(self.answer_of(message_id), MessageOut)


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    return {**given, "data": {**given["data"], "y": list(given["data"]["y"])}}
