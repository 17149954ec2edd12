"""What a database is made of, as its server told and people explained: tables, columns, relationships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7
from querygpt.models.connection import Connection

if TYPE_CHECKING:
    from accounts.authentication import Principal

MAX_NAME = 255
MAX_DESCRIPTION = 500
MAX_KEY_COLUMNS = 4


class TableQuerySet(models.QuerySet["Table"]):
    def visible_to(self, principal: Principal) -> TableQuerySet:
        return self.filter(connection__in=Connection.objects.visible_to(principal))

    def editable_by(self, principal: Principal) -> TableQuerySet:
        """Those of shared connections by who keeps knowledge; of one's own by oneself."""
        if not principal.may("knowledge.update"):
            return self.none()
        return self.visible_to(principal)

    def present(self) -> TableQuerySet:
        """Those that the server still has."""
        return self.filter(vanished_at__isnull=True)


class Table(models.Model):
    """A table or view of a connection. One that vanished keeps what people wrote for 30 days."""

    class Kind(models.TextChoices):
        TABLE = "table", _("table")
        VIEW = "view", _("view")
        MATVIEW = "matview", _("materialised view")
        FOREIGN = "foreign", _("foreign table")

    class Access(models.TextChoices):
        ALLOWED = "allowed", _("may be asked")
        DENIED = "denied", _("closed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.DO_NOTHING, related_name="tables", db_constraint=False
    )
    schema_name = models.CharField(max_length=MAX_NAME, blank=True)
    name = models.CharField(_("name"), max_length=MAX_NAME)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices, default=Kind.TABLE)
    comment = models.TextField(_("comment"), blank=True)
    description_zh = models.CharField(
        _("description (Chinese)"), max_length=MAX_DESCRIPTION, blank=True
    )
    description_en = models.CharField(
        _("description (English)"), max_length=MAX_DESCRIPTION, blank=True
    )
    rows_estimate = models.BigIntegerField(_("rows"), null=True)
    access = models.CharField(
        _("access"), max_length=7, choices=Access.choices, default=Access.ALLOWED
    )
    is_pinned = models.BooleanField(_("pinned"), default=False)
    fingerprint = models.CharField(max_length=64, blank=True)
    seen_version = models.IntegerField(default=0)
    vanished_at = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TableQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_tables"
        verbose_name = _("table")
        verbose_name_plural = _("tables")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "schema_name", "name"], name="querygpt_tables_name_uniq"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["table", "view", "matview", "foreign"]),
                name="querygpt_tables_kind_ck",
            ),
            models.CheckConstraint(
                condition=Q(access__in=["allowed", "denied"]), name="querygpt_tables_access_ck"
            ),
        ]

    def __str__(self) -> str:
        return self.qualified

    @property
    def qualified(self) -> str:
        return f"{self.schema_name}.{self.name}" if self.schema_name else self.name


class ColumnQuerySet(models.QuerySet["Column"]):
    def visible_to(self, principal: Principal) -> ColumnQuerySet:
        return self.filter(table__in=Table.objects.visible_to(principal))

    def editable_by(self, principal: Principal) -> ColumnQuerySet:
        return self.filter(table__in=Table.objects.editable_by(principal))


class Column(models.Model):
    """A column of a table. `edits` names what a person set: a guess never overwrites it."""

    class Family(models.TextChoices):
        INT = "int", _("whole number")
        DECIMAL = "decimal", _("decimal number")
        FLOAT = "float", _("floating number")
        TEXT = "text", _("text")
        BOOL = "bool", _("yes or no")
        DATE = "date", _("date")
        DATETIME = "datetime", _("date and time")
        TIME = "time", _("time of day")
        JSON = "json", "JSON"
        BINARY = "binary", _("bytes")
        OTHER = "other", _("other")

    class Role(models.TextChoices):
        ID = "id", _("key")
        NAME = "name", _("name")
        MEASURE = "measure", _("measure")
        CATEGORY = "category", _("category")
        TIME = "time", _("time")
        FLAG = "flag", _("flag")
        OTHER = "other", _("other")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    table = models.ForeignKey(
        Table, on_delete=models.DO_NOTHING, related_name="columns", db_constraint=False
    )
    ordinal = models.IntegerField()
    name = models.CharField(_("name"), max_length=MAX_NAME)
    data_type = models.CharField(_("type"), max_length=MAX_NAME, blank=True)
    family = models.CharField(max_length=8, choices=Family.choices, default=Family.OTHER)
    is_nullable = models.BooleanField(default=True)
    is_primary_key = models.BooleanField(default=False)
    is_unique = models.BooleanField(default=False)
    comment = models.TextField(_("comment"), blank=True)
    description_zh = models.CharField(
        _("description (Chinese)"), max_length=MAX_DESCRIPTION, blank=True
    )
    description_en = models.CharField(
        _("description (English)"), max_length=MAX_DESCRIPTION, blank=True
    )
    role = models.CharField(_("role"), max_length=8, choices=Role.choices, default=Role.OTHER)
    unit = models.CharField(_("unit"), max_length=30, blank=True)
    is_hidden = models.BooleanField(_("hidden"), default=False)
    is_sensitive = models.BooleanField(_("sensitive"), default=False)
    edits = ArrayField(models.CharField(max_length=20), default=list)
    distinct_estimate = models.BigIntegerField(null=True)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ColumnQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_columns"
        verbose_name = _("column")
        verbose_name_plural = _("columns")
        constraints = [
            models.UniqueConstraint(fields=["table", "name"], name="querygpt_columns_name_uniq"),
            models.CheckConstraint(
                condition=Q(
                    family__in=[
                        "int",
                        "decimal",
                        "float",
                        "text",
                        "bool",
                        "date",
                        "datetime",
                        "time",
                        "json",
                        "binary",
                        "other",
                    ]
                ),
                name="querygpt_columns_family_ck",
            ),
            models.CheckConstraint(
                condition=Q(
                    role__in=["id", "name", "measure", "category", "time", "flag", "other"]
                ),
                name="querygpt_columns_role_ck",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RelationshipQuerySet(models.QuerySet["Relationship"]):
    def visible_to(self, principal: Principal) -> RelationshipQuerySet:
        return self.filter(connection__in=Connection.objects.visible_to(principal))

    def editable_by(self, principal: Principal) -> RelationshipQuerySet:
        if not principal.may("knowledge.update"):
            return self.none()
        return self.visible_to(principal)


class Relationship(models.Model):
    """`from_columns` of one table hold keys of another. One that was guessed joins nothing until it is active."""

    class Cardinality(models.TextChoices):
        ONE = "1:1", "1:1"
        MANY_TO_ONE = "N:1", "N:1"
        MANY = "N:M", "N:M"

    class Source(models.TextChoices):
        FK = "fk", _("the database")
        NAME = "name", _("suggested by names")
        PERSON = "person", _("a person")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.DO_NOTHING, related_name="relationships", db_constraint=False
    )
    from_table = models.ForeignKey(
        Table, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    from_columns = ArrayField(models.CharField(max_length=MAX_NAME))
    to_table = models.ForeignKey(
        Table, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    to_columns = ArrayField(models.CharField(max_length=MAX_NAME))
    cardinality = models.CharField(
        _("cardinality"), max_length=3, choices=Cardinality.choices, default="N:1"
    )
    source = models.CharField(_("source"), max_length=6, choices=Source.choices)
    confidence = models.DecimalField(max_digits=3, decimal_places=2, default=1)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = RelationshipQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_relationships"
        verbose_name = _("relationship")
        verbose_name_plural = _("relationships")
        constraints = [
            models.UniqueConstraint(
                fields=["from_table", "from_columns", "to_table", "to_columns"],
                name="querygpt_relationships_ends_uniq",
            ),
            models.CheckConstraint(
                condition=Q(
                    from_columns__len=F("to_columns__len"),
                    from_columns__len__range=(1, MAX_KEY_COLUMNS),
                ),
                name="querygpt_relationships_columns_ck",
            ),
            models.CheckConstraint(
                condition=Q(cardinality__in=["1:1", "N:1", "N:M"]),
                name="querygpt_relationships_cardinality_ck",
            ),
            models.CheckConstraint(
                condition=Q(source__in=["fk", "name", "person"]),
                name="querygpt_relationships_source_ck",
            ),
            models.CheckConstraint(
                condition=Q(confidence__range=(0, 1)),
                name="querygpt_relationships_confidence_ck",
            ),
        ]
        indexes = [
            # All of a connection, for its catalogue.
            models.Index(fields=["connection"], name="querygpt_relationships_conn_ix"),
        ]

    def __str__(self) -> str:
        return f"{self.from_table_id} → {self.to_table_id}"
