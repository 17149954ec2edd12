"""Databases that people lend to be asked, and the files some of them are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

if TYPE_CHECKING:
    from accounts.authentication import Principal

NETWORK_DRIVERS = ("postgresql", "mysql")
FILE_DRIVERS = ("sqlite", "duckdb")


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def visible_to(self, principal: Principal) -> ConnectionQuerySet:
        """One's own and those shared with the workspace, but deleted ones."""
        if principal.user is None or not principal.may("connection.view"):
            return self.none()
        mine = Q(user=principal.user) | Q(visibility=Connection.Visibility.WORKSPACE)
        return self.alive().filter(mine, workspace_id=principal.workspace_id)

    def askable_by(self, principal: Principal) -> ConnectionQuerySet:
        """Those that questions and statements may go to; whether they answer is another matter."""
        if not principal.may("connection.query"):
            return self.none()
        return self.visible_to(principal)

    def editable_by(self, principal: Principal) -> ConnectionQuerySet:
        """One's own; shared ones too for those who manage everybody's."""
        visible = self.visible_to(principal)
        if not principal.may("connection.update"):
            return visible.none()
        return (
            visible if principal.may("connection.manage") else visible.filter(user=principal.user)
        )

    def alive(self) -> ConnectionQuerySet:
        return self.filter(deleted_at__isnull=True)

    def in_use(self) -> ConnectionQuerySet:
        """Those that may be connected to."""
        return self.alive().exclude(
            status__in=[Connection.Status.DISABLED, Connection.Status.UNSAFE]
        )


class Connection(models.Model):
    """A database: how it is reached, what it may be asked, what is known of its state.

    `catalogue_version` rises when its structure changes, `knowledge_version` with every change of what is known of
    it (by trigger); both are part of the key its catalogue is cached under.
    """

    class Driver(models.TextChoices):
        POSTGRESQL = "postgresql", "PostgreSQL"
        MYSQL = "mysql", "MySQL / MariaDB"
        SQLITE = "sqlite", "SQLite"
        DUCKDB = "duckdb", "DuckDB"

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("only me")
        WORKSPACE = "workspace", _("the workspace")

    class TlsMode(models.TextChoices):
        VERIFY = "verify", _("encrypted, certificate verified")
        REQUIRE = "require", _("encrypted")
        OFF = "off", _("not encrypted")

    class Disclosure(models.TextChoices):
        SCHEMA = "schema", _("names of tables and columns")
        SAMPLES = "samples", _("names and sample values")
        ROWS = "rows", _("names, sample values and rows")

    class Status(models.TextChoices):
        NEW = "new", _("not tested")
        OK = "ok", _("works")
        FAILING = "failing", _("does not answer")
        UNSAFE = "unsafe", _("too powerful")
        DISABLED = "disabled", _("switched off")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=500, blank=True)
    visibility = models.CharField(
        _("visible to"), max_length=9, choices=Visibility.choices, default=Visibility.PRIVATE
    )
    is_default = models.BooleanField(_("default"), default=False)

    driver = models.CharField(_("driver"), max_length=10, choices=Driver.choices)
    flavour = models.CharField(max_length=20, blank=True)
    server_version = models.CharField(_("version"), max_length=60, blank=True)
    host = models.CharField(_("host"), max_length=255, blank=True)
    port = models.IntegerField(_("port"), null=True, blank=True)
    username = models.CharField(_("user name"), max_length=128, blank=True)
    password_encrypted = models.TextField(blank=True, editable=False)
    secret_set_at = models.DateTimeField(null=True)
    database_name = models.CharField(_("database"), max_length=255, blank=True)
    extra_options = models.JSONField(default=dict, blank=True)
    tls_mode = models.CharField(
        _("encryption"), max_length=7, choices=TlsMode.choices, default=TlsMode.REQUIRE
    )

    timeout_seconds = models.PositiveSmallIntegerField(_("time limit"), default=15)
    max_rows = models.PositiveIntegerField(_("most rows"), default=1000)
    disclosure = models.CharField(
        _("models may see"), max_length=7, choices=Disclosure.choices, default=Disclosure.SCHEMA
    )
    values_enabled = models.BooleanField(_("value index"), default=False)
    reference_date = models.DateField(_("counts as today"), null=True, blank=True)

    status = models.CharField(_("state"), max_length=8, choices=Status.choices, default=Status.NEW)
    findings = models.JSONField(default=list)
    last_tested_at = models.DateTimeField(_("last test"), null=True)
    last_error_code = models.CharField(_("last error"), max_length=40, blank=True)

    catalogue_version = models.IntegerField(default=0)
    catalogue_at = models.DateTimeField(_("structure read"), null=True)
    catalogue_truncated = models.BooleanField(default=False)
    knowledge_version = models.BigIntegerField(default=0)
    values_file_id = models.UUIDField(null=True)
    values_key_encrypted = models.TextField(blank=True, editable=False)
    values_at = models.DateTimeField(null=True)

    version = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_connections"
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user", "name"],
                condition=Q(deleted_at__isnull=True),
                name="querygpt_connections_name_uniq",
            ),
            models.UniqueConstraint(
                fields=["workspace", "user"],
                condition=Q(is_default=True, deleted_at__isnull=True),
                name="querygpt_connections_default_uniq",
            ),
            models.CheckConstraint(
                condition=Q(driver__in=[*NETWORK_DRIVERS, *FILE_DRIVERS]),
                name="querygpt_connections_driver_ck",
            ),
            models.CheckConstraint(
                condition=~Q(driver__in=NETWORK_DRIVERS) | ~Q(host=""),
                name="querygpt_connections_host_ck",
            ),
            models.CheckConstraint(
                condition=~Q(driver__in=FILE_DRIVERS)
                | Q(host="", port__isnull=True, username="", password_encrypted=""),
                name="querygpt_connections_file_ck",
            ),
            models.CheckConstraint(
                condition=Q(port__isnull=True) | Q(port__range=(1, 65535)),
                name="querygpt_connections_port_ck",
            ),
            models.CheckConstraint(
                condition=Q(visibility__in=["private", "workspace"]),
                name="querygpt_connections_visibility_ck",
            ),
            models.CheckConstraint(
                condition=Q(tls_mode__in=["verify", "require", "off"]),
                name="querygpt_connections_tls_mode_ck",
            ),
            models.CheckConstraint(
                condition=Q(disclosure__in=["schema", "samples", "rows"]),
                name="querygpt_connections_disclosure_ck",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["new", "ok", "failing", "unsafe", "disabled"]),
                name="querygpt_connections_status_ck",
            ),
            models.CheckConstraint(
                condition=Q(timeout_seconds__range=(1, 120)),
                name="querygpt_connections_timeout_ck",
            ),
            models.CheckConstraint(
                condition=Q(max_rows__range=(1, 50_000)),
                name="querygpt_connections_max_rows_ck",
            ),
        ]
        indexes = [
            # The list of a workspace.
            models.Index(
                fields=["workspace", "user", "-created_at"],
                condition=Q(deleted_at__isnull=True),
                name="querygpt_connections_list_ix",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_password(self) -> bool:
        return bool(self.password_encrypted)

    @property
    def is_file(self) -> bool:
        return self.driver in FILE_DRIVERS

    @property
    def dialect(self) -> str:
        """The dialect that statements are checked and written in."""
        return "mariadb" if self.flavour == "mariadb" else self.driver


class ConnectionFileQuerySet(models.QuerySet["ConnectionFile"]):
    def visible_to(self, principal: Principal) -> ConnectionFileQuerySet:
        return self.filter(connection__in=Connection.objects.visible_to(principal))

    def ready(self) -> ConnectionFileQuerySet:
        return self.filter(state=ConnectionFile.State.READY)


class ConnectionFile(models.Model):
    """A file that a connection reads: a whole database, or one table of it. The bytes are a file of laojun."""

    class State(models.TextChoices):
        PENDING = "pending", _("being imported")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.DO_NOTHING, related_name="files", db_constraint=False
    )
    file_id = models.UUIDField()
    table_name = models.CharField(_("table"), max_length=128)
    sheet = models.CharField(max_length=128, blank=True)
    options = models.JSONField(default=dict)
    columns = models.JSONField(default=list)
    rows_count = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.PENDING)
    error_code = models.CharField(max_length=40, blank=True)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConnectionFileQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_connection_files"
        verbose_name = _("file of a connection")
        verbose_name_plural = _("files of connections")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "table_name"], name="querygpt_connection_files_table_uniq"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "ready", "failed"]),
                name="querygpt_connection_files_state_ck",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(sha256__regex=r"^[0-9a-f]{64}$"),
                name="querygpt_connection_files_ready_ck",
            ),
        ]

    def __str__(self) -> str:
        return self.table_name
