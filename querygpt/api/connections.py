"""Connections: made, changed, shared, tried, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.ids import uuid7
from accounts.models import User
from accounts.registry import problems
from accounts.web import etags, outside
from accounts.web.parsing import JsonRenderer, dump
from accounts.web.permissions import denied
from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from laojun.audit import Actor
from querygpt.connections import ConnectionRefused, saving, testing
from querygpt.models import Connection

MAX_PASSWORD = 1024
FAULTS = 400


class ConnectionFieldsIn(Serializer):
    """What can be said of a connection, at its beginning and later."""

    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    visibility = serializers.ChoiceField(Connection.Visibility.choices, required=False)
    is_default = serializers.BooleanField(required=False)
    host = serializers.CharField(
        max_length=255, required=False, allow_blank=True, trim_whitespace=False
    )
    port = serializers.IntegerField(min_value=1, max_value=65_535, required=False, allow_null=True)
    username = serializers.CharField(max_length=128, required=False, allow_blank=True)
    password = serializers.CharField(
        max_length=MAX_PASSWORD,
        required=False,
        allow_blank=True,
        write_only=True,
        trim_whitespace=False,
        help_text="Write-only; empty clears it.",
    )
    database_name = serializers.CharField(
        max_length=255, required=False, allow_blank=True, trim_whitespace=False
    )
    extra_options = serializers.DictField(
        required=False,
        help_text="postgresql: schemas, sslrootcert_file; mysql: charset, ssl_ca_file.",
    )
    tls_mode = serializers.ChoiceField(Connection.TlsMode.choices, required=False)
    timeout_seconds = serializers.IntegerField(min_value=1, max_value=120, required=False)
    max_rows = serializers.IntegerField(min_value=1, max_value=50_000, required=False)
    disclosure = serializers.ChoiceField(Connection.Disclosure.choices, required=False)
    values_enabled = serializers.BooleanField(required=False)
    reference_date = serializers.DateField(required=False, allow_null=True)


class ConnectionIn(ConnectionFieldsIn):
    name = serializers.CharField(max_length=100)
    driver = serializers.ChoiceField(Connection.Driver.choices)


class ConnectionChangeIn(ConnectionFieldsIn):
    name = serializers.CharField(max_length=100, required=False)
    driver = serializers.ChoiceField(Connection.Driver.choices, required=False)
    is_disabled = serializers.BooleanField(
        required=False, help_text="Switched off: nobody asks it."
    )


class ConnectionTrialIn(ConnectionFieldsIn):
    driver = serializers.ChoiceField(Connection.Driver.choices)


class ConnectionFindingOut(serializers.Serializer):
    code = serializers.CharField()
    severity = serializers.ChoiceField(["warning", "unsafe"])


class ConnectionOut(serializers.Serializer):
    """A connection. The password is never shown; `findings` are those of the last test."""

    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    visibility = serializers.ChoiceField(Connection.Visibility.choices)
    is_default = serializers.BooleanField()
    driver = serializers.ChoiceField(Connection.Driver.choices)
    flavour = serializers.CharField()
    server_version = serializers.CharField()
    host = serializers.CharField()
    port = serializers.IntegerField(allow_null=True)
    username = serializers.CharField()
    has_password = serializers.BooleanField()
    secret_set_at = serializers.DateTimeField(allow_null=True)
    database_name = serializers.CharField()
    extra_options = serializers.JSONField()
    tls_mode = serializers.ChoiceField(Connection.TlsMode.choices)
    timeout_seconds = serializers.IntegerField(help_text="seconds")
    max_rows = serializers.IntegerField()
    disclosure = serializers.ChoiceField(Connection.Disclosure.choices)
    values_enabled = serializers.BooleanField()
    reference_date = serializers.DateField(allow_null=True)
    status = serializers.ChoiceField(Connection.Status.choices)
    findings = ConnectionFindingOut(many=True)
    last_tested_at = serializers.DateTimeField(allow_null=True)
    last_error_code = serializers.CharField()
    catalogue_version = serializers.IntegerField()
    catalogue_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ConnectionTestOut(serializers.Serializer):
    """How a test went. `recipe` are statements for a role that can only read. Units: ms."""

    ok = serializers.BooleanField()
    code = serializers.CharField(help_text="Empty, or the class of what went wrong.")
    reachable = serializers.BooleanField()
    version = serializers.CharField()
    flavour = serializers.CharField()
    tls = serializers.BooleanField()
    tables_count = serializers.IntegerField(allow_null=True)
    findings = ConnectionFindingOut(many=True)
    latency_ms = serializers.IntegerField()
    recipe = serializers.CharField()


@contextmanager
def refusals_named() -> Iterator[None]:
    """A refused connection as the problem of its code: a fault of a field, or a refusal of the whole."""
    try:
        yield
    except ConnectionRefused as refused:
        problem = problems[refused.code]
        if problem.status == FAULTS:
            fault = field_error(f"/{refused.field}", "invalid", str(problem.title))
            raise Invalid([fault], code=refused.code) from refused
        raise Refused(refused.code, members={"field": refused.field}) from refused


class ConnectionView(ApiView):
    """What every view of connections starts from."""

    @property
    def actor(self) -> Actor:
        return Actor.of_principal(self.principal)

    def connection(self, connection_id: UUID) -> Connection:
        return self.find(Connection.objects.visible_to(self.principal), pk=connection_id)

    def editable(self, connection_id: UUID, *, optional: bool = False) -> Connection:
        """The connection, locked, whose current state `If-Match` names."""
        self.connection(connection_id)
        rows = Connection.objects.editable_by(self.principal)
        locked = rows.select_for_update(of=("self",)).filter(pk=connection_id).first()
        if locked is None:
            raise denied("connection.manage")
        etags.require(self.request, locked, thing=("connection", str(locked.pk)), optional=optional)
        return locked

    def check_sharing(self, given: dict[str, Any]) -> None:
        shared = given.get("visibility") == Connection.Visibility.WORKSPACE
        if shared and not self.principal.may("connection.share"):
            raise denied("connection.share")


class Connections(ConnectionView):
    required_permissions: ClassVar = {"GET": "connection.view", "POST": "connection.create"}
    query_parameters = frozenset({"driver", "status", "q"})
    orderings = ("-created_at", "name")

    @extend_schema(responses=page_of(ConnectionOut))
    def get(self, request: Request) -> Response:
        """Your connections and those shared with the workspace."""
        rows = Connection.objects.visible_to(self.principal)
        for name in ("driver", "status"):
            if wanted := request.GET.get(name):
                rows = rows.filter(**{name: wanted})
        if text := request.GET.get("q"):
            rows = rows.filter(name__icontains=text)
        return self.page(rows, ConnectionOut)

    @extend_schema(request=ConnectionIn, responses={201: ConnectionOut})
    def post(self, request: Request) -> Response:
        """Make a connection. Its address is looked up and judged; nothing connects yet."""
        given = self.read(ConnectionIn)
        password = given.pop("password", "")
        self.check_sharing(given)
        with refusals_named():
            made = saving.create(
                workspace_id=self.workspace_id,
                user=self.user,
                wishes=given,
                password=password,
                actor=self.actor,
            )
        made.refresh_from_db()
        answer = self.tagged(made, ConnectionOut, status=HTTPStatus.CREATED)
        answer["Location"] = f"/api/v1/connections/{made.pk}/"
        return answer


class ConnectionDetail(ConnectionView):
    required_permissions: ClassVar = {
        "GET": "connection.view",
        "PATCH": "connection.update",
        "DELETE": "connection.delete",
    }

    @extend_schema(responses=ConnectionOut)
    def get(self, request: Request, connection_id: UUID) -> Response:
        return self.tagged(self.connection(connection_id), ConnectionOut)

    @extend_schema(request=ConnectionChangeIn, responses=ConnectionOut)
    def patch(self, request: Request, connection_id: UUID) -> Response:
        """Change a connection; `If-Match` says which state of it was seen. What leads elsewhere clears the password."""
        connection = self.editable(connection_id)
        given = self.read(ConnectionChangeIn)
        password, is_disabled = given.pop("password", None), given.pop("is_disabled", None)
        self.check_sharing(given)
        with refusals_named():
            if given or password is not None:
                connection = saving.change(
                    connection=connection, wishes=given, password=password, actor=self.actor
                )
        if is_disabled is not None:
            switch = saving.switch_off if is_disabled else saving.switch_on
            connection = switch(connection=connection, actor=self.actor)
            connection.refresh_from_db()
        return self.tagged(connection, ConnectionOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, connection_id: UUID) -> Response:
        """Delete a connection: its password and results go at once, conversations stay readable."""
        saving.remove(connection=self.editable(connection_id, optional=True), actor=self.actor)
        return Response(status=HTTPStatus.NO_CONTENT)


class ConnectionTest(ConnectionView):
    required_permissions: ClassVar = {"POST": "connection.update"}
    rate_limits: ClassVar = {"POST": ("connection.test",)}

    @extend_schema(request=None, responses=ConnectionTestOut)
    def post(self, request: Request, connection_id: UUID) -> HttpResponse:
        """Connect and look around, at most ten seconds. 200 also when it fails: `code` says why."""
        connection = self.connection(connection_id)
        if not Connection.objects.editable_by(self.principal).filter(pk=connection_id).exists():
            raise denied("connection.manage")
        return outside.later(partial(_tested, connection, self.user))


class ConnectionTrial(ConnectionView):
    required_permissions: ClassVar = {"POST": "connection.create"}
    rate_limits: ClassVar = {"POST": ("connection.test",)}
    keeps_replies = False

    @extend_schema(
        operation_id="connection_trial", request=ConnectionTrialIn, responses=ConnectionTestOut
    )
    def post(self, request: Request) -> HttpResponse:
        """Try a connection before it is saved; nothing is kept."""
        given = self.read(ConnectionTrialIn)
        password = given.pop("password", "")
        wanted = Connection(
            id=uuid7(), workspace_id=self.workspace_id, user=self.user, **saving.given(given)
        )
        saving.record_trial(wanted, actor=self.actor)
        return outside.later(partial(_looked, wanted, password))


def _tested(connection: Connection, user: User) -> HttpResponse:
    return _told(testing.test(connection=connection, actor=user))


def _looked(connection: Connection, password: str) -> HttpResponse:
    return _told(testing.look(connection=connection, password=password))


def _told(outcome: testing.Outcome) -> HttpResponse:
    return HttpResponse(dump(ConnectionTestOut(outcome).data), content_type=JsonRenderer.media_type)
