"""Statements that a person wrote: judged, or judged and run."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.registry import problems
from accounts.web import outside
from accounts.web.parsing import JsonRenderer, dump
from accounts.web.problems import Refused
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from laojun import audit
from laojun.audit import Actor
from querygpt import execution, runs
from querygpt.handlers.running import RUN
from querygpt.models import Connection
from taishang import queue

MAX_SQL = 40_000
BUSY_SECONDS = "10"


class WrittenIn(Serializer):
    sql = serializers.CharField(max_length=MAX_SQL, trim_whitespace=False, allow_blank=True)


class StatementRunIn(WrittenIn):
    max_rows = serializers.IntegerField(min_value=1, max_value=50_000, required=False)
    timeout_seconds = serializers.IntegerField(min_value=1, max_value=120, required=False)


class StatementColumnOut(serializers.Serializer):
    name = serializers.CharField()
    family = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()


class StatementRunOut(serializers.Serializer):
    """The first 500 rows of a statement; all that were read stand behind `result_id`. Units: seconds."""

    run_id = serializers.UUIDField()
    result_id = serializers.UUIDField()
    columns = StatementColumnOut(many=True)
    rows = serializers.ListField(child=serializers.ListField())
    rows_count = serializers.IntegerField()
    truncated = serializers.BooleanField()
    execution_time = serializers.FloatField()


class StatementVerdictOut(serializers.Serializer):
    allowed = serializers.BooleanField()
    rule = serializers.CharField()
    message = serializers.CharField()
    sql = serializers.CharField(help_text="What would be run.")
    relations = serializers.ListField(child=serializers.CharField())


class StatementView(ApiView):
    def connection(self, connection_id: UUID) -> Connection:
        return self.find(Connection.objects.askable_by(self.principal), pk=connection_id)


class ConnectionQueries(StatementView):
    required_permissions: ClassVar = {"POST": "connection.run_sql"}
    rate_limits: ClassVar = {"POST": ("query.run",)}

    @extend_schema(request=StatementRunIn, responses=StatementRunOut)
    def post(self, request: Request, connection_id: UUID) -> HttpResponse:
        """Run one statement that reads. It is judged first; what the guard refuses reaches no server."""
        connection = self.connection(connection_id)
        given = self.read(StatementRunIn)
        task = queue.enqueue(
            kind=RUN,
            payload={"connection": str(connection.pk), "origin": "api", **given},
            workspace=self.workspace_id,
            user=self.user,
            api_key_id=self.principal.api_key_id,
            trace_id=getattr(request, "trace_id", ""),
        )
        audit.record(
            actor=Actor.of_principal(self.principal),
            action="query.asked",
            target=("connection", connection.pk),
            details={"task": str(task.pk)},
        )
        seconds = given.get("timeout_seconds") or connection.timeout_seconds
        return outside.later(partial(_answered, task.pk, float(seconds), self.principal.context))


class ConnectionVerdicts(StatementView):
    required_permissions: ClassVar = {"POST": "connection.query"}
    rate_limits: ClassVar = {"POST": ("query.run",)}
    keeps_replies = False

    @extend_schema(request=WrittenIn, responses=StatementVerdictOut)
    def post(self, request: Request, connection_id: UUID) -> HttpResponse:
        """What the guard says of a statement. Nothing runs."""
        connection = self.connection(connection_id)
        return outside.later(partial(_judged, connection, self.read(WrittenIn)["sql"]))


def _answered(task_id: UUID, seconds: float, context: Any) -> HttpResponse:
    answer = runs.waited_for(task_id, seconds=seconds, context=context)
    if answer.state != "ok":
        raise refusal(answer)
    body = {
        "run_id": answer.run_id,
        "result_id": answer.result_id,
        "columns": answer.columns,
        "rows": answer.rows,
        "rows_count": answer.rows_count,
        "truncated": answer.truncated,
        "execution_time": answer.execution_ms / 1000,
    }
    return HttpResponse(dump(body), content_type=JsonRenderer.media_type)


def refusal(answer: runs.Answer) -> Refused:
    """How a statement that brought no rows is told."""
    members = {"run_id": answer.run_id or None}
    if answer.state == "refused":
        members |= {"rule": answer.rule}
        return Refused("statement_refused", answer.detail, members=members)
    if answer.error_code == "busy":
        return Refused("queries_busy", members=members, headers={"Retry-After": BUSY_SECONDS})
    code = answer.error_code if answer.error_code in problems else "statement_failed"
    if code == "type_mismatch":
        code = "statement_failed"
    members |= {"error_code": answer.error_code}
    headers = {"Retry-After": BUSY_SECONDS} if problems[code].status == 503 else None
    return Refused(code, answer.detail, members=members, headers=headers)


def _judged(connection: Connection, sql: str) -> HttpResponse:
    found = execution.verdict(connection=connection, sql=sql)
    if found.error_code:
        raise refusal(runs.Answer(state="failed", error_code=found.error_code))
    body = {
        "allowed": found.allowed,
        "rule": found.rule,
        "message": found.detail,
        "sql": found.sql,
        "relations": found.relations,
    }
    return HttpResponse(dump(body), content_type=JsonRenderer.media_type)
