"""The editor of a statement in an answer's card: what the guard says while somebody types, and a tidy layout."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts import tenancy
from accounts.web import outside
from accounts.web.access import needs, principal_of
from querygpt import execution, repairing
from querygpt.models import Connection, Message
from querygpt.models.run import MAX_SQL_BYTES
from querygpt.views.access import answer_of


@require_POST
@needs("connection.run_sql")
def verdict(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the guard says of what stands in the editor. Nothing runs, nothing is kept."""
    sql, connection = _given(request, answer_of(request, pk))

    def told() -> HttpResponse:
        context: dict[str, object] = {}
        if sql.strip() and connection is not None:
            found = execution.verdict(connection=connection, sql=sql)
            context = {"verdict": found}
            if found.rule:
                context["advice"] = repairing.advice(found.rule, verdict="refused")
        return render(request, "query/_verdict.html", context)

    return _later(request, told)


@require_POST
@needs("connection.run_sql")
def layout(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same statement over several lines; as it was where it cannot be read."""
    message = answer_of(request, pk)
    sql, connection = _given(request, message)

    def told() -> HttpResponse:
        laid_out = sql
        if sql.strip() and connection is not None:
            laid_out = execution.formatted(connection=connection, sql=sql)
        return render(request, "query/_editor.html", {"m": message, "sql": laid_out})

    return _later(request, told)


def _given(request: HttpRequest, message: Message) -> tuple[str, Connection | None]:
    sql = request.POST.get("sql", "")
    if len(sql.encode()) > MAX_SQL_BYTES or "\x00" in sql:
        raise BadRequest
    askable = Connection.objects.askable_by(principal_of(request))
    return sql, askable.filter(pk=message.conversation.connection_id).first()


def _later(request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """A child process is asked: not inside the request's transaction."""
    context = principal_of(request).context

    def told() -> HttpResponse:
        with tenancy.adopted(context):
            return answer()

    return outside.later(told)
