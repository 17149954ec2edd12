"""`/api/openai/v1/`: models, chat completions, embeddings. Keys with the scope `model.use` open it."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.outside import Answer, Outside
from accounts.web.schema import content
from accounts.web.views import ApiView
from taishang.api.openai import listing, reading, relaying
from taishang.api.openai.reading import Chat, ChatIn, Embeddings, EmbeddingsIn
from taishang.gateway import Caller
from taishang.gateway.asks import Ask
from taishang.quotas import standing, telling

PURPOSE = "openai"
MAX_BODY_BYTES = 12 * 1024 * 1024
# 2,048 token lists of 8,192 tokens would not fit into the body.
MAX_VALUES = 4_000_000


class ModelEntryOut(serializers.Serializer):
    id = serializers.CharField()
    object = serializers.CharField()
    created = serializers.IntegerField()
    owned_by = serializers.CharField()


class ModelListOut(serializers.Serializer):
    object = serializers.CharField()
    data = ModelEntryOut(many=True)  # type: ignore[assignment]


class CompletionOut(serializers.Serializer):
    id = serializers.CharField()
    object = serializers.CharField()
    created = serializers.IntegerField()
    model = serializers.CharField()
    choices = serializers.ListField(child=serializers.DictField())
    usage = serializers.DictField()


class EmbeddingsOut(serializers.Serializer):
    object = serializers.CharField()
    model = serializers.CharField()
    data = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]
    usage = serializers.DictField()


class OpenAIView(ApiView):
    """What calls a model is answered after the request's transaction, and by no kept reply."""

    keeps_replies = False
    max_json_bytes = MAX_BODY_BYTES
    max_json_values = MAX_VALUES

    def read_known(self, form: type[serializers.Serializer]) -> tuple[dict[str, Any], list[str]]:
        """The checked fields the form knows, and the names of the others."""
        body, ignored = reading.known(self.request.data, form)
        checked = form(data=body, context={"request": self.request})
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data), ignored

    def outside(self, answer: Answer, ignored: Sequence[str]) -> HttpResponseBase:
        response = Outside(answer)
        for name, value in self._quotas().items():
            response[name] = value
        if ignored:
            response["X-Ignored-Params"] = ", ".join(ignored)
        return response

    def _quotas(self) -> dict[str, str]:
        """What is left of the quotas before this call."""
        now = timezone.now()
        scopes = standing.of(workspace_id=self.workspace_id, user=self.user).scopes
        return {**telling.headers(scopes, now=now), **telling.openai_headers(scopes, now=now)}

    def ask(self, wish: Chat | Embeddings, *, is_streaming: bool) -> Ask:
        return Ask(
            wish.model,
            wish.prompt,
            PURPOSE,
            self.workspace_id,
            user=self.user,
            is_streaming=is_streaming,
            caller=Caller(
                api_key_id=self.principal.api_key_id,
                trace_id=self.request.trace_id,  # type: ignore[attr-defined]
            ),
        )


class Models(ApiView):
    required_permissions = {"GET": "model.use"}

    @extend_schema(operation_id="openai_models_list", responses=ModelListOut)
    def get(self, request: Request) -> Response:
        return Response({"object": "list", "data": listing.listed(self.principal)})


class ModelEntry(ApiView):
    required_permissions = {"GET": "model.use"}

    @extend_schema(operation_id="openai_models_retrieve", responses=ModelEntryOut)
    def get(self, request: Request, reference: str) -> Response:
        for row in listing.listed(self.principal):
            if row["id"] == reference:
                return Response(row)
        raise Http404


class ChatCompletions(OpenAIView):
    required_permissions = {"POST": "model.use"}
    rate_limits = {"POST": ("ai",)}

    @extend_schema(
        operation_id="openai_chat_completions_create",
        request=ChatIn,
        responses={200: CompletionOut, **content("text/event-stream")},
    )
    def post(self, request: Request) -> HttpResponseBase:
        given, ignored = self.read_known(ChatIn)
        wish = reading.chat(given, ignored)
        ask = self.ask(wish, is_streaming=wish.is_streaming)
        if wish.is_streaming:
            return self.outside(partial(relaying.streamed, request, ask, wish), ignored)
        return self.outside(partial(relaying.answered, ask), ignored)


class EmbeddingVectors(OpenAIView):
    required_permissions = {"POST": "model.use"}
    rate_limits = {"POST": ("ai",)}

    @extend_schema(
        operation_id="openai_embeddings_create", request=EmbeddingsIn, responses=EmbeddingsOut
    )
    def post(self, request: Request) -> HttpResponseBase:
        given, ignored = self.read_known(EmbeddingsIn)
        wish = reading.embeddings(given, ignored)
        ask = self.ask(wish, is_streaming=False)
        return self.outside(partial(relaying.embedded, ask, wish), ignored)
