"""The panel beside a conversation: tables and columns of its database, to be searched, pinned and asked about."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.web.access import needs, principal_of
from querygpt.models import Column, Connection, Conversation, Table

MOST_TABLES = 200


@require_GET
@needs("connection.view")
def structure(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What may be asked about, of one database. Three queries."""
    principal = principal_of(request)
    connection = get_object_or_404(Connection.objects.visible_to(principal), pk=pk)
    tables = Table.objects.present().filter(connection=connection, access=Table.Access.ALLOWED)
    found = list(tables.order_by("-is_pinned", "schema_name", "name")[: MOST_TABLES + 1])
    columns: dict[UUID, list[Column]] = {}
    rows = Column.objects.filter(table__in=found[:MOST_TABLES], is_hidden=False)
    for column in rows.order_by("ordinal"):
        columns.setdefault(column.table_id, []).append(column)
    conversation = _conversation(request)
    pinned = set(conversation.metadata.get("pinned_tables", [])) if conversation else set[str]()
    context: dict[str, Any] = {
        "connection": connection,
        "conversation": conversation,
        "tables": [
            (table, columns.get(table.pk, []), table.name in pinned)
            for table in found[:MOST_TABLES]
        ],
        "is_more": len(found) > MOST_TABLES,
    }
    return render(request, "query/_structure.html", context)


def _conversation(request: HttpRequest) -> Conversation | None:
    """The conversation whose pins are shown, where the reader has one of this id."""
    try:
        number = UUID(request.GET.get("conversation", ""))
    except ValueError:
        return None
    return Conversation.objects.visible_to(principal_of(request)).filter(pk=number).first()
