"""Who did what in this workspace: filtered, paged, exported."""

from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import pagination
from accounts.web.parsing import JsonRenderer
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import content, page_of
from accounts.web.views import ApiView
from laojun import audit, audit_search
from laojun.audit import Actor
from laojun.models import AuditLog


class AuditLogOut(serializers.Serializer):
    id = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    actor_kind = serializers.CharField()
    actor = serializers.CharField()
    actor_name = serializers.CharField()
    actor_id = serializers.UUIDField(allow_null=True)
    action = serializers.CharField()
    resource_type = serializers.CharField()
    resource_id = serializers.CharField()
    result = serializers.CharField()
    payload = serializers.JSONField()
    ip_address = serializers.CharField(allow_null=True)
    user_agent = serializers.CharField()
    trace_id = serializers.CharField()
    seq = serializers.IntegerField(allow_null=True)
    hash = serializers.CharField(allow_null=True)
    sealed_at = serializers.DateTimeField(allow_null=True)


class AuditLogs(ApiView):
    required_permissions: ClassVar = {"GET": "audit.view"}
    query_parameters = audit_search.PARAMETERS
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(AuditLogOut))
    def get(self, request: Request) -> Response:
        """The rows of this workspace, newest first; 90 days unless `from` and `to` say otherwise."""
        found = pagination.page(request, searched(self), orderings=self.orderings)
        known = audit.names(found.rows)
        return Response(found.body([audit_search.shown(row, known) for row in found.rows]))


class AuditLogDetail(ApiView):
    required_permissions: ClassVar = {"GET": "audit.view"}

    @extend_schema(responses=AuditLogOut)
    def get(self, request: Request, row_id: int) -> Response:
        """One row."""
        row = self.find(AuditLog.objects.visible_to(self.principal), pk=row_id)
        return Response(audit_search.shown(row, audit.names([row])))


class CsvRenderer(JsonRenderer):
    """Lets `?format=csv` pass content negotiation; the export writes itself, a problem stays JSON."""

    media_type = "text/csv"
    format = "csv"


class JsonLinesRenderer(JsonRenderer):
    media_type = "application/x-ndjson"
    format = "jsonl"


class AuditExport(ApiView):
    renderer_classes = [JsonRenderer, JsonLinesRenderer, CsvRenderer]
    required_permissions: ClassVar = {"GET": "audit.export"}
    rate_limits: ClassVar = {"GET": ("export",)}
    query_parameters = audit_search.PARAMETERS | {"format"}

    @extend_schema(responses=content("application/x-ndjson") | content("text/csv"))
    def get(self, request: Request) -> HttpResponseBase:
        """Up to 10,000 rows as CSV or JSON lines, streamed."""
        return audit_search.export(
            rows=searched(self),
            kind=request.GET.get("format", "jsonl"),
            actor=Actor.of_principal(self.principal),
            context=self.principal.context,
        )


def searched(view: ApiView) -> Any:
    """The rows a request asks for. Raises Invalid."""
    asked = {name: view.request.GET[name] for name in view.request.GET}
    try:
        return audit_search.find(AuditLog.objects.visible_to(view.principal), asked)
    except audit_search.BadQuery as error:
        entry = field_error(error.parameter, error.code, error.message)
        raise Invalid([entry], code=error.code) from error
