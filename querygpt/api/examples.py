"""Questions with their SQL: drafted by anybody who keeps knowledge, approved after a trial."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from querygpt.api.teaching import TeachingView
from querygpt.api.terms import chosen, identified
from querygpt.knowledge import checking, examples
from querygpt.knowledge.checking import Fault
from querygpt.knowledge.refusals import ExampleRefused
from querygpt.models import Example
from querygpt.models.knowledge import MAX_QUESTION
from querygpt.models.run import MAX_SQL_BYTES

LANGUAGES = ("zh", "en")


class ExampleIn(Serializer):
    connection_id = serializers.UUIDField()
    question = serializers.CharField(max_length=MAX_QUESTION)
    language = serializers.ChoiceField(LANGUAGES)
    sql = serializers.CharField(max_length=MAX_SQL_BYTES)


class ExampleChangeIn(Serializer):
    question = serializers.CharField(max_length=MAX_QUESTION, required=False)
    language = serializers.ChoiceField(LANGUAGES, required=False)
    sql = serializers.CharField(max_length=MAX_SQL_BYTES, required=False)
    state = serializers.ChoiceField(["draft", "archived"], required=False)


class ExampleOut(serializers.Serializer):
    """An example. Only approved ones answer; `uses` counts how often one did."""

    id = serializers.UUIDField()
    connection_id = serializers.UUIDField()
    connection_name = serializers.CharField(source="connection.name")
    question = serializers.CharField()
    language = serializers.ChoiceField(LANGUAGES)
    sql = serializers.CharField()
    state = serializers.ChoiceField(Example.State.choices)
    reason = serializers.CharField()
    approved_by_name = serializers.CharField()
    approved_at = serializers.DateTimeField(allow_null=True)
    uses = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ExampleView(TeachingView):
    def example(self, example_id: UUID, *, lock: bool = False) -> Example:
        rows = Example.objects.visible_to(self.principal).select_related("connection")
        return self.find(rows.select_for_update(of=("self",)) if lock else rows, pk=example_id)


class Examples(ExampleView):
    required_permissions: ClassVar = {"GET": "connection.view", "POST": "knowledge.update"}
    query_parameters = frozenset({"q", "state", "connection"})
    orderings = ("-created_at", "updated_at")

    @extend_schema(responses=page_of(ExampleOut))
    def get(self, request: Request) -> Response:
        """The examples of the databases you see."""
        rows = Example.objects.visible_to(self.principal).select_related("connection")
        if (wanted := request.GET.get("state")) is not None:
            rows = rows.filter(state=chosen("state", wanted, Example.State.values))
        if (place := request.GET.get("connection")) is not None:
            rows = rows.filter(connection_id=identified("connection", place))
        if text := request.GET.get("q"):
            rows = rows.filter(question__icontains=text)
        return self.page(rows, ExampleOut)

    @extend_schema(request=ExampleIn, responses={201: ExampleOut})
    def post(self, request: Request) -> Response:
        """Draft an example; somebody approves it before it answers anybody."""
        given = self.read(ExampleIn)
        connection = self.named(given.pop("connection_id"))
        assert connection is not None  # noqa: S101 the field is required

        def write(fault: Fault | None) -> Response:
            refuse(fault)
            made = examples.draft(connection=connection, given=given, actor=self.actor)
            return self.tagged(made, ExampleOut, status=HTTPStatus.CREATED)

        ask = partial(checking.of_statement, connection=connection, sql=given["sql"])
        return self.afterwards(ask, write)


class ExampleDetail(ExampleView):
    required_permissions: ClassVar = {
        "GET": "connection.view",
        "PATCH": "knowledge.update",
        "DELETE": "knowledge.update",
    }

    @extend_schema(responses=ExampleOut)
    def get(self, request: Request, example_id: UUID) -> Response:
        return self.tagged(self.example(example_id), ExampleOut)

    @extend_schema(request=ExampleChangeIn, responses=ExampleOut)
    def patch(self, request: Request, example_id: UUID) -> Response:
        """Change an example. Another question or statement waits for approval again."""
        example = self.example(example_id)
        etags.require(request, example, optional=True)
        given = self.read(ExampleChangeIn)

        def write(fault: Fault | None) -> Response:
            refuse(fault)
            locked = self.example(example_id, lock=True)
            if locked.version != example.version:
                etags.require(request, locked, optional=True)
            changed = examples.change(example=locked, given=given, actor=self.actor)
            return self.tagged(changed, ExampleOut)

        if "sql" not in given:
            return write(None)
        ask = partial(checking.of_statement, connection=example.connection, sql=given["sql"])
        return self.afterwards(ask, write)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, example_id: UUID) -> Response:
        example = self.example(example_id, lock=True)
        etags.require(request, example, optional=True)
        examples.remove(example=example, actor=self.actor)
        return Response(status=HTTPStatus.NO_CONTENT)


class ExampleApproval(ExampleView):
    required_permissions: ClassVar = {"PUT": "knowledge.approve", "DELETE": "knowledge.approve"}

    @extend_schema(request=None, responses=ExampleOut)
    def put(self, request: Request, example_id: UUID) -> Response:
        """Run the statement once, then let it answer its question from now on."""
        example = self.example(example_id)
        etags.require(request, example, optional=True)
        ask = partial(
            examples.try_out,
            example=example,
            by=self.user,
            trace_id=getattr(request, "trace_id", ""),
        )

        def write(_ran: Any) -> Response:
            approved = examples.approve(
                example=example, seen=example.version, by=self.user, actor=self.actor
            )
            return self.tagged(approved, ExampleOut)

        return self.afterwards(ask, write)

    @extend_schema(responses=ExampleOut)
    def delete(self, request: Request, example_id: UUID) -> Response:
        """Take the approval back: it answers nobody until it is approved again."""
        example = self.example(example_id, lock=True)
        return self.tagged(examples.withdraw(example=example, actor=self.actor), ExampleOut)


def refuse(fault: Fault | None) -> None:
    if fault is not None:
        raise ExampleRefused(fault.rule, fault.reason)
