"""What is known of a connection's database: its tables and columns, explained; its relationships; reading it again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Prefetch, Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags, pagination
from accounts.web.permissions import denied
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from laojun import audit
from laojun.audit import Actor
from querygpt.models import Column, Connection, Relationship, Table
from querygpt.models.schema import MAX_DESCRIPTION, MAX_KEY_COLUMNS, MAX_NAME
from querygpt.schema import editing, reading, tasks


class TableColumnOut(serializers.Serializer):
    """A column. `distinct_estimate` is null where nobody counted."""

    id = serializers.UUIDField()
    ordinal = serializers.IntegerField()
    name = serializers.CharField()
    data_type = serializers.CharField()
    family = serializers.ChoiceField(Column.Family.choices)
    is_nullable = serializers.BooleanField()
    is_primary_key = serializers.BooleanField()
    is_unique = serializers.BooleanField()
    comment = serializers.CharField()
    description_zh = serializers.CharField()
    description_en = serializers.CharField()
    role = serializers.ChoiceField(Column.Role.choices)
    unit = serializers.CharField()
    is_hidden = serializers.BooleanField()
    is_sensitive = serializers.BooleanField()
    distinct_estimate = serializers.IntegerField(allow_null=True)


class TableOut(serializers.Serializer):
    """A table with its columns in their order."""

    id = serializers.UUIDField()
    schema = serializers.CharField(source="schema_name")
    name = serializers.CharField()
    kind = serializers.ChoiceField(Table.Kind.choices)
    comment = serializers.CharField()
    description_zh = serializers.CharField()
    description_en = serializers.CharField()
    rows_estimate = serializers.IntegerField(allow_null=True)
    access = serializers.ChoiceField(Table.Access.choices)
    is_pinned = serializers.BooleanField()
    columns = TableColumnOut(many=True, source="columns.all")


class RelationshipOut(serializers.Serializer):
    """Keys of one table in another. A suggestion (`source: name`) joins nothing until it is active."""

    id = serializers.UUIDField()
    from_table_id = serializers.UUIDField()
    from_table = serializers.CharField(source="from_table.qualified")
    from_columns = serializers.ListField(child=serializers.CharField())
    to_table_id = serializers.UUIDField()
    to_table = serializers.CharField(source="to_table.qualified")
    to_columns = serializers.ListField(child=serializers.CharField())
    cardinality = serializers.ChoiceField(Relationship.Cardinality.choices)
    source = serializers.ChoiceField(Relationship.Source.choices)  # type: ignore[assignment]
    confidence = serializers.FloatField()
    is_active = serializers.BooleanField()


class SchemaOut(serializers.Serializer):
    """One page of tables, with the relationships among all. `is_partial`: the server has more than was read."""

    version = serializers.IntegerField()
    read_at = serializers.DateTimeField(allow_null=True)
    is_partial = serializers.BooleanField()
    tables_count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    tables = TableOut(many=True)
    relationships = RelationshipOut(many=True)


class ReadingOut(serializers.Serializer):
    """Work that was asked for; `tasks/{id}/` tells how it goes on."""

    task_id = serializers.UUIDField()


class TableChangeIn(Serializer):
    description_zh = serializers.CharField(
        max_length=MAX_DESCRIPTION, required=False, allow_blank=True
    )
    description_en = serializers.CharField(
        max_length=MAX_DESCRIPTION, required=False, allow_blank=True
    )
    access = serializers.ChoiceField(Table.Access.choices, required=False)
    is_pinned = serializers.BooleanField(required=False)


class ColumnChangeIn(Serializer):
    description_zh = serializers.CharField(
        max_length=MAX_DESCRIPTION, required=False, allow_blank=True
    )
    description_en = serializers.CharField(
        max_length=MAX_DESCRIPTION, required=False, allow_blank=True
    )
    role = serializers.ChoiceField(Column.Role.choices, required=False)
    unit = serializers.CharField(max_length=30, required=False, allow_blank=True)
    is_hidden = serializers.BooleanField(required=False)
    is_sensitive = serializers.BooleanField(required=False)


def _names() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=MAX_NAME), min_length=1, max_length=MAX_KEY_COLUMNS
    )


class RelationshipIn(Serializer):
    from_table_id = serializers.UUIDField()
    from_columns = _names()
    to_table_id = serializers.UUIDField()
    to_columns = _names()
    cardinality = serializers.ChoiceField(
        Relationship.Cardinality.choices, default=Relationship.Cardinality.MANY_TO_ONE
    )


class RelationshipChangeIn(Serializer):
    cardinality = serializers.ChoiceField(Relationship.Cardinality.choices, required=False)
    is_active = serializers.BooleanField(required=False)


class StructureView(ApiView):
    """What every view below a connection starts from."""

    @property
    def actor(self) -> Actor:
        return Actor.of_principal(self.principal)

    def connection(self, connection_id: UUID) -> Connection:
        return self.find(Connection.objects.visible_to(self.principal), pk=connection_id)

    def kept(self, connection_id: UUID) -> Connection:
        """The connection, locked, whose knowledge is about to change."""
        connection = self.connection(connection_id)
        editing.lock(connection)
        return connection

    def require_guard(self, connection: Connection, given: dict[str, Any]) -> None:
        """Only who may edit a connection opens and closes its data."""
        if not editing.GUARDING.isdisjoint(given):
            rows = Connection.objects.editable_by(self.principal)
            if not rows.filter(pk=connection.pk).exists():
                raise denied("connection.manage")


class Schema(StructureView):
    required_permissions: ClassVar = {"GET": "connection.view", "POST": "knowledge.update"}
    query_parameters = frozenset({"q", "table"})
    orderings = ("name",)

    @extend_schema(
        responses=SchemaOut,
        parameters=[
            OpenApiParameter("q", str, description="Words in names, comments and descriptions."),
            OpenApiParameter("table", str, description="The name of one table."),
        ],
    )
    def get(self, request: Request, connection_id: UUID) -> Response:
        """Tables and columns as the server told them and people explained them, a page at a time."""
        connection = self.connection(connection_id)
        number = f"{connection.catalogue_version}.{connection.knowledge_version}"
        tag = etags.of(request, connection, version=number, also=(request.GET.urlencode(),))
        if etags.matches(request, tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        rows = reading.matching(
            connection, text=request.GET.get("q", ""), name=request.GET.get("table", "")
        )
        columns = Prefetch("columns", Column.objects.order_by("ordinal"))
        page = pagination.page(request, rows.prefetch_related(columns), orderings=self.orderings)
        links = Relationship.objects.filter(connection=connection)
        body = {
            "version": connection.catalogue_version,
            "read_at": connection.catalogue_at,
            "is_partial": connection.catalogue_truncated,
            "tables_count": rows.count(),
            "next": page.next,
            "previous": page.previous,
            "tables": page.rows,
            "relationships": links.filter(
                Q(from_table__in=page.rows) | Q(to_table__in=page.rows)
            ).select_related("from_table", "to_table"),
        }
        return Response(self.shown(body, SchemaOut), headers={"ETag": tag})

    @extend_schema(request=None, responses={202: ReadingOut})
    def post(self, request: Request, connection_id: UUID) -> Response:
        """Read the structure again, in a task. Asked twice, the same task answers."""
        connection = self.connection(connection_id)
        task = tasks.ask_refresh(connection=connection, by=self.user)
        audit.record(
            actor=self.actor,
            action="schema.refresh_asked",
            target=("connection", connection.pk),
        )
        return Response({"task_id": task.pk}, status=HTTPStatus.ACCEPTED)


class TableDetail(StructureView):
    required_permissions: ClassVar = {"GET": "connection.view", "PATCH": "knowledge.update"}

    @extend_schema(responses=TableOut)
    def get(self, request: Request, connection_id: UUID, table_id: UUID) -> Response:
        return self.tagged(self.table(connection_id, table_id), TableOut)

    @extend_schema(request=TableChangeIn, responses=TableOut)
    def patch(self, request: Request, connection_id: UUID, table_id: UUID) -> Response:
        """Describe a table, pin it, open or close it."""
        connection = self.kept(connection_id)
        table = self.table(connection_id, table_id)
        etags.require(request, table, optional=True)
        given = self.read(TableChangeIn)
        self.require_guard(connection, given)
        editing.change_table(table=table, given=given, actor=self.actor)
        return self.tagged(table, TableOut)

    def table(self, connection_id: UUID, table_id: UUID) -> Table:
        rows = Table.objects.visible_to(self.principal).present()
        columns = Prefetch("columns", Column.objects.order_by("ordinal"))
        return self.find(rows.prefetch_related(columns), connection=connection_id, pk=table_id)


class ColumnDetail(StructureView):
    required_permissions: ClassVar = {"GET": "connection.view", "PATCH": "knowledge.update"}

    @extend_schema(responses=TableColumnOut)
    def get(self, request: Request, connection_id: UUID, column_id: UUID) -> Response:
        return self.tagged(self.column(connection_id, column_id), TableColumnOut)

    @extend_schema(request=ColumnChangeIn, responses=TableColumnOut)
    def patch(self, request: Request, connection_id: UUID, column_id: UUID) -> Response:
        """Describe a column, say what it is for, hide it. What is set here no guess changes."""
        connection = self.kept(connection_id)
        column = self.column(connection_id, column_id)
        etags.require(request, column, optional=True)
        given = self.read(ColumnChangeIn)
        self.require_guard(connection, given)
        editing.change_column(column=column, given=given, actor=self.actor)
        return self.tagged(column, TableColumnOut)

    def column(self, connection_id: UUID, column_id: UUID) -> Column:
        rows = Column.objects.visible_to(self.principal).filter(table__vanished_at=None)
        return self.find(rows, table__connection=connection_id, pk=column_id)


class Relationships(StructureView):
    required_permissions: ClassVar = {"GET": "connection.view", "POST": "knowledge.update"}
    orderings = ("created_at",)

    @extend_schema(responses=page_of(RelationshipOut))
    def get(self, request: Request, connection_id: UUID) -> Response:
        """Declared ones, people's, and suggestions by name."""
        rows = Relationship.objects.filter(connection=self.connection(connection_id))
        return self.page(rows.select_related("from_table", "to_table"), RelationshipOut)

    @extend_schema(request=RelationshipIn, responses={201: RelationshipOut})
    def post(self, request: Request, connection_id: UUID) -> Response:
        """Relate two tables by one to four columns of comparable types."""
        connection = self.kept(connection_id)
        given = self.read(RelationshipIn)
        row = editing.relate(
            source=self.find(connection.tables.present(), pk=given["from_table_id"]),
            columns=given["from_columns"],
            target=self.find(connection.tables.present(), pk=given["to_table_id"]),
            keys=given["to_columns"],
            given={"cardinality": given["cardinality"]},
            actor=self.actor,
        )
        return self.tagged(row, RelationshipOut, status=HTTPStatus.CREATED)


class RelationshipDetail(StructureView):
    required_permissions: ClassVar = {
        "GET": "connection.view",
        "PATCH": "knowledge.update",
        "DELETE": "knowledge.update",
    }

    @extend_schema(responses=RelationshipOut)
    def get(self, request: Request, connection_id: UUID, relationship_id: UUID) -> Response:
        return self.tagged(self.relationship(connection_id, relationship_id), RelationshipOut)

    @extend_schema(request=RelationshipChangeIn, responses=RelationshipOut)
    def patch(self, request: Request, connection_id: UUID, relationship_id: UUID) -> Response:
        """Switch it on or off; take a suggestion up."""
        row = self.seen(connection_id, relationship_id)
        editing.change_relationship(
            row=row, given=self.read(RelationshipChangeIn), actor=self.actor
        )
        return self.tagged(row, RelationshipOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, connection_id: UUID, relationship_id: UUID) -> Response:
        """Forget it; one the database declares is there again after the next reading."""
        editing.unrelate(row=self.seen(connection_id, relationship_id), actor=self.actor)
        return Response(status=HTTPStatus.NO_CONTENT)

    def relationship(self, connection_id: UUID, relationship_id: UUID) -> Relationship:
        rows = Relationship.objects.visible_to(self.principal)
        rows = rows.select_related("from_table", "to_table")
        return self.find(rows, connection=connection_id, pk=relationship_id)

    def seen(self, connection_id: UUID, relationship_id: UUID) -> Relationship:
        self.kept(connection_id)
        row = self.relationship(connection_id, relationship_id)
        etags.require(self.request, row, optional=True)
        return row
