"""Conversations: list, search, begin, change, delete, restore."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from querygpt import conversations
from querygpt.conversations import ENGINES, LANGUAGES, MOST_PINNED, MOST_ROUNDS
from querygpt.models import Connection, Conversation
from querygpt.models.conversation import MAX_TITLE
from taishang.catalogue.references import Place, usable
from taishang.models import Kind, Model

MAX_QUERY = 200
FLAGS = {"true": True, "false": False}


class SettingsIn(Serializer):
    pinned_tables = serializers.ListField(
        child=serializers.CharField(max_length=512), max_length=MOST_PINNED, required=False
    )
    context_rounds = serializers.IntegerField(min_value=1, max_value=MOST_ROUNDS, required=False)
    language = serializers.ChoiceField(LANGUAGES, required=False)
    engine = serializers.ChoiceField(ENGINES, required=False)


class ConversationIn(Serializer):
    connection_id = serializers.UUIDField(required=False, allow_null=True)
    model_id = serializers.IntegerField(required=False, allow_null=True)
    title = serializers.CharField(max_length=MAX_TITLE, required=False, allow_blank=True)
    metadata = SettingsIn(required=False)


class ConversationChangeIn(ConversationIn):
    is_favorite = serializers.BooleanField(required=False)
    status = serializers.ChoiceField(["active", "completed"], required=False)


class ConversationOut(serializers.Serializer):
    """A conversation; `snippet` is where a search found its words."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    status = serializers.ChoiceField(Conversation.Status.choices)
    is_favorite = serializers.BooleanField()
    connection_id = serializers.UUIDField(allow_null=True)
    connection_name = serializers.CharField(source="connection.name", allow_null=True, default=None)
    model_id = serializers.IntegerField(allow_null=True)
    metadata = serializers.JSONField()
    forked_from_id = serializers.UUIDField(allow_null=True)
    last_message_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    snippet = serializers.CharField(default="")


class ConversationView(ApiView):
    """What every view of conversations starts from."""

    def visible(self) -> models.QuerySet[Conversation]:
        rows = Conversation.objects.visible_to(self.principal)
        return rows.select_related("connection").defer("search")

    def conversation(self, conversation_id: UUID, *, lock: bool = False) -> Conversation:
        rows = self.visible()
        return self.find(rows.select_for_update(of=("self",)) if lock else rows, pk=conversation_id)

    def wishes(self, given: dict[str, Any]) -> dict[str, Any]:
        """The named database and model as rows this person may use; others do not exist."""
        found = {name: given[name] for name in ("title", "is_favorite", "status") if name in given}
        if "connection_id" in given:
            found["connection"] = self._connection(given["connection_id"])
        if "model_id" in given:
            found["model"] = self._model(given["model_id"])
        if "metadata" in given:
            found["metadata"] = dict(given["metadata"])
        return found

    def _connection(self, number: UUID | None) -> Connection | None:
        if number is None:
            return None
        found = Connection.objects.askable_by(self.principal).filter(pk=number).first()
        if found is None:
            message = _("You have no such database.")
            raise Invalid([field_error("connection_id", "does_not_exist", message)])
        return found

    def _model(self, number: int | None) -> Model | None:
        if number is None:
            return None
        place = Place(self.workspace_id, self.user.pk)
        for model in usable(place, Kind.CHAT):
            if model.pk == number:
                return model
        message = _("You have no such model.")
        raise Invalid([field_error("model_id", "does_not_exist", message)])


class Conversations(ConversationView):
    required_permissions: ClassVar = {"GET": "conversation.view", "POST": "conversation.create"}
    query_parameters = frozenset({"q", "is_favorite", "status", "connection"})
    orderings = ("-last_message_at", "created_at")

    @extend_schema(responses=page_of(ConversationOut))
    def get(self, request: Request) -> Response:
        """Your conversations, the latest first. With `q` those that hold the words, starred first, in one page."""
        rows = self._chosen(self.visible())
        query = request.GET.get("q", "")[:MAX_QUERY]
        if not query.strip():
            return self.page(rows, ConversationOut)
        hits = conversations.search(principal=self.principal, query=query)
        chosen = set(
            rows.filter(pk__in=[one.conversation.pk for one in hits]).values_list("pk", flat=True)
        )
        found = []
        for hit in hits:
            if hit.conversation.pk in chosen:
                hit.conversation.snippet = hit.snippet  # type: ignore[attr-defined]
                found.append(hit.conversation)
        shown = self.shown(found, ConversationOut, many=True)
        return Response({"next": None, "previous": None, "results": shown})

    @extend_schema(request=ConversationIn, responses={201: ConversationOut})
    def post(self, request: Request) -> Response:
        """Begin a conversation; without `connection_id` with your default database."""
        given = self.read(ConversationIn)
        wishes = self.wishes(given)
        if "connection" not in wishes:
            wishes["connection"] = default_connection(self.principal)
        made = conversations.create(
            principal=self.principal,
            connection=wishes["connection"],
            model=wishes.get("model"),
            title=wishes.get("title", ""),
            settings=wishes.get("metadata"),
        )
        answer = self.tagged(self.conversation(made.pk), ConversationOut, status=HTTPStatus.CREATED)
        answer["Location"] = f"{request.path}{made.pk}/"
        return answer

    def _chosen(self, rows: models.QuerySet[Conversation]) -> models.QuerySet[Conversation]:
        given = self.request.GET
        if "is_favorite" in given:
            if given["is_favorite"] not in FLAGS:
                raise _not_one_of("is_favorite", FLAGS)
            rows = rows.filter(is_favorite=FLAGS[given["is_favorite"]])
        if "status" in given:
            if given["status"] not in Conversation.Status.values:
                raise _not_one_of("status", Conversation.Status.values)
            rows = rows.filter(status=given["status"])
        if "connection" in given:
            try:
                rows = rows.filter(connection_id=UUID(given["connection"]))
            except ValueError as error:
                message = _("Not an id.")
                raise Invalid([field_error("connection", "invalid", message)]) from error
        return rows


class ConversationDetail(ConversationView):
    required_permissions: ClassVar = {
        "GET": "conversation.view",
        "PATCH": "conversation.update",
        "DELETE": "conversation.delete",
    }
    query_parameters = frozenset({"for_good"})

    @extend_schema(responses=ConversationOut)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return self.tagged(self.conversation(conversation_id), ConversationOut)

    @extend_schema(request=ConversationChangeIn, responses=ConversationOut)
    def patch(self, request: Request, conversation_id: UUID) -> Response:
        """Name, star, archive (`status` completed) or reopen it; change its database, model or settings."""
        given = self.read(ConversationChangeIn)
        conversation = self.conversation(conversation_id, lock=True)
        etags.require(request, conversation, optional=True)
        conversations.change(
            principal=self.principal, conversation=conversation, wishes=self.wishes(given)
        )
        return self.tagged(self.conversation(conversation_id), ConversationOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, conversation_id: UUID) -> Response:
        """Delete it with its results; restorable for 30 days, with `for_good=true` never."""
        conversation = self.conversation(conversation_id, lock=True)
        if request.GET.get("for_good") == "true":
            conversations.remove(principal=self.principal, conversation=conversation)
        else:
            conversations.delete(principal=self.principal, conversation=conversation)
        return Response(status=HTTPStatus.NO_CONTENT)


class ConversationRestoration(ConversationView):
    required_permissions: ClassVar = {"PUT": "conversation.delete"}

    @extend_schema(request=None, responses=ConversationOut)
    def put(self, request: Request, conversation_id: UUID) -> Response:
        """Bring a deleted conversation back."""
        rows = Conversation.objects.restorable_by(self.principal).select_for_update(of=("self",))
        conversation = self.find(rows, pk=conversation_id)
        conversations.restore(principal=self.principal, conversation=conversation)
        return self.tagged(self.conversation(conversation_id), ConversationOut)


def default_connection(principal: Any) -> Connection | None:
    """The database a conversation begins with: the person's default, else the first that may be asked."""
    rows = Connection.objects.askable_by(principal).in_use()
    mine = rows.filter(user=principal.user, is_default=True).first()
    return mine or rows.order_by("created_at").first()


def _not_one_of(name: str, values: Any) -> Invalid:
    message = _("One of: %(names)s") % {"names": ", ".join(values)}
    return Invalid([field_error(name, "invalid_choice", message)])
