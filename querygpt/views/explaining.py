"""The structure of a connection's database as a page: described, hidden, closed, related, read again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, person_of, principal_of
from accounts.web.lists import cursor_page
from accounts.web.problems import words
from laojun import audit
from laojun.audit import Actor
from querygpt.knowledge_forms import ColumnForm, RelationshipForm, TableForm, changed
from querygpt.models import Column, Connection, Relationship, Table
from querygpt.schema import editing, reading, tasks
from querygpt.schema.editing import SchemaRefused
from taishang.models import Task

PAGE_SIZE = 50
MOST_LINKS = 200


@require_GET
@needs("connection.view")
def schema(request: HttpRequest, pk: UUID) -> HttpResponse:
    """All tables, a page at a time, with what was said of each."""
    connection = _connection(request, pk)
    asked = request.GET.get("q", "").strip()[:100]
    rows, following = cursor_page(request, reading.matching(connection, text=asked), PAGE_SIZE)
    live = Task.objects.live().filter(dedup_key=f"{tasks.REFRESH}:{connection.pk}")
    context = {
        **_frame(request, connection, "tables"),
        "asked": asked,
        "rows": rows,
        "next": following,
        "live": live.first(),
    }
    return render(request, "query/schema.html", context)


@needs("connection.view")
def table(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A table with its columns; what is said of it is changed here."""
    columns = Prefetch("columns", Column.objects.order_by("ordinal"))
    rows = Table.objects.visible_to(principal_of(request)).present()
    row = get_object_or_404(rows.select_related("connection").prefetch_related(columns), pk=pk)
    connection = row.connection
    context = {**_frame(request, connection, "tables"), "row": row}
    form = TableForm(
        request.POST or None,
        guarded=not context["may_guard"],
        initial={name: getattr(row, name) for name in TableForm.base_fields},
    )
    if request.method == "POST":
        if not context["may_update"]:
            return render(request, "403.html", status=403)
        if form.is_valid():
            editing.lock(connection)
            if given := changed(form):
                editing.change_table(table=row, given=given, actor=_actor(request))
            messages.success(request, _("Saved."))
            return redirect("query_table", pk=pk)
    return render(request, "query/table.html", {**context, "form": form})


@needs("connection.view")
def column(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A column: what it means, what it is for, who may see it."""
    rows = Column.objects.visible_to(principal_of(request)).filter(table__vanished_at=None)
    row = get_object_or_404(rows.select_related("table__connection"), pk=pk)
    connection = row.table.connection
    context = {**_frame(request, connection, "tables"), "row": row}
    form = ColumnForm(
        request.POST or None,
        guarded=not context["may_guard"],
        initial={name: getattr(row, name) for name in ColumnForm.base_fields},
    )
    if request.method == "POST":
        if not context["may_update"]:
            return render(request, "403.html", status=403)
        if form.is_valid():
            editing.lock(connection)
            if given := changed(form):
                editing.change_column(column=row, given=given, actor=_actor(request))
            messages.success(request, _("Saved."))
            return redirect("query_table", pk=row.table_id)
    return render(request, "query/column.html", {**context, "form": form})


@needs("connection.view")
def relationships(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Which tables belong together; suggestions wait for somebody's word."""
    connection = _connection(request, pk)
    context = _frame(request, connection, "relationships")
    form = RelationshipForm(request.POST or None, connection=connection)
    if request.method == "POST":
        if not context["may_update"]:
            return render(request, "403.html", status=403)
        if form.is_valid() and _related(request, connection, form):
            messages.success(request, _("The tables are related."))
            return redirect("query_relationships", pk=pk)
    rows = Relationship.objects.filter(connection=connection).select_related(
        "from_table", "to_table"
    )
    context |= {"rows": rows.order_by("is_active", "pk")[:MOST_LINKS], "form": form}
    return render(request, "query/relationships.html", context)


@require_POST
@needs("knowledge.update")
def relationship(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Switch one on or off, or forget it."""
    rows = Relationship.objects.visible_to(principal_of(request)).select_related(
        "from_table", "to_table", "connection"
    )
    row = get_object_or_404(rows, pk=pk)
    editing.lock(row.connection)
    if request.POST.get("deed") == "forget":
        editing.unrelate(row=row, actor=_actor(request))
    else:
        is_active = request.POST.get("deed") == "on"
        editing.change_relationship(row=row, given={"is_active": is_active}, actor=_actor(request))
    return redirect("query_relationships", pk=row.connection_id)


@require_POST
@needs("knowledge.update")
def refresh(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read the structure again, in a task."""
    connection = _connection(request, pk)
    tasks.ask_refresh(connection=connection, by=person_of(request))
    audit.record(
        actor=_actor(request), action="schema.refresh_asked", target=("connection", connection.pk)
    )
    messages.success(request, _("The structure is being read."))
    return redirect("query_schema", pk=pk)


def _related(request: HttpRequest, connection: Connection, form: RelationshipForm) -> bool:
    editing.lock(connection)
    try:
        editing.relate(
            source=form.cleaned_data["from_table"],
            columns=form.columns("from_columns"),
            target=form.cleaned_data["to_table"],
            keys=form.columns("to_columns"),
            given={"cardinality": form.cleaned_data["cardinality"]},
            actor=_actor(request),
        )
    except SchemaRefused as refused:
        form.add_error(None, words(refused))
        return False
    return True


def _connection(request: HttpRequest, pk: UUID) -> Connection:
    return get_object_or_404(Connection.objects.visible_to(principal_of(request)), pk=pk)


def _frame(request: HttpRequest, connection: Connection, part: str) -> dict[str, Any]:
    """What every page of a structure shows, and what the person may do."""
    principal = principal_of(request)
    editable = Connection.objects.editable_by(principal).filter(pk=connection.pk)
    may_update = principal.may("knowledge.update")
    return {
        "connection": connection,
        "part": part,
        "may_update": may_update,
        "may_guard": may_update and editable.exists(),
        "tables_count": Table.objects.present().filter(connection=connection).count(),
    }


def _actor(request: HttpRequest) -> Actor:
    return Actor.of_principal(principal_of(request))
