"""Who did what in this workspace: filtered, paged, exported."""

from http import HTTPStatus
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
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from laojun import audit, audit_search
from laojun.audit import Actor
from laojun.audit_search import BadQuery
from laojun.chain import anchors, exporting, inspections
from laojun.models import AuditChain, AuditInstance, AuditLog


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


class WorkOut(serializers.Serializer):
    """A task that was asked for; follow it at `task`, its result comes with it."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    task = serializers.SerializerMethodField()
    stream = serializers.SerializerMethodField()

    def get_task(self, work: Any) -> str:
        return f"/api/v1/tasks/{work.id}/"

    def get_stream(self, work: Any) -> str:
        return f"/api/v1/tasks/{work.id}/stream/"


class AuditExport(ApiView):
    renderer_classes = [JsonRenderer, JsonLinesRenderer, CsvRenderer]
    required_permissions: ClassVar = {"GET": "audit.export"}
    rate_limits: ClassVar = {"GET": ("export",)}
    query_parameters = audit_search.PARAMETERS | {"format"}

    @extend_schema(responses=content("application/x-ndjson") | content("text/csv") | {202: WorkOut})
    def get(self, request: Request) -> HttpResponseBase:
        """Up to 10,000 rows as CSV or JSON lines, streamed; more become a file that a task makes (202)."""
        asked = {name: request.GET[name] for name in request.GET if name != "format"}
        try:
            begun = exporting.begin(
                rows=searched(self),
                asked=asked,
                kind=request.GET.get("format", "jsonl"),
                actor=Actor.of_principal(self.principal),
                context=self.principal.context,
            )
        except BadQuery as error:
            raise _invalid(error) from error
        return begun if isinstance(begun, HttpResponseBase) else accepted(begun)


class VerificationIn(Serializer):
    """`from` is a day or a time; without it the whole chain is walked."""

    archives = serializers.BooleanField(required=False, default=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            **super().get_fields(),
            "from": serializers.DateTimeField(required=False, allow_null=True, default=None),
        }


class ChainOut(serializers.Serializer):
    """How the workspace's chain stands, and what its last verification found."""

    chain = serializers.IntegerField(source="chain_id")
    status = serializers.CharField()
    head_seq = serializers.IntegerField()
    head_hash = serializers.SerializerMethodField()
    sealed_at = serializers.DateTimeField(allow_null=True)
    anchored_seq = serializers.IntegerField()
    anchored_at = serializers.DateTimeField(allow_null=True)
    verified_seq = serializers.IntegerField()
    verified_at = serializers.DateTimeField(allow_null=True)
    verdict = serializers.JSONField()

    def get_head_hash(self, chain: AuditChain) -> str:
        return bytes(chain.head_hash).hex()


class AuditVerification(ApiView):
    required_permissions: ClassVar = {"GET": "audit.view", "POST": "audit.view"}
    rate_limits: ClassVar = {"GET": ("api.read",), "POST": ("export",)}

    @extend_schema(responses=ChainOut)
    def get(self, request: Request) -> Response:
        """How this workspace's chain stands; empty until its first row is sealed, a few seconds after it was written."""
        chain = AuditChain.objects.visible_to(self.principal).first()
        return Response(
            ChainOut(chain or AuditChain(chain_id=self.workspace_id, head_hash=b"")).data
        )

    @extend_schema(request=VerificationIn, responses={202: WorkOut})
    def post(self, request: Request) -> Response:
        """Verify this workspace's chain. One at a time: a second call is answered with the first one's task."""
        given = self.read(VerificationIn)
        task = inspections.ask(
            by=Actor.of_principal(self.principal),
            chain=self.workspace_id,
            workspace=self.workspace_id,
            since=given["from"],
            archives=given["archives"],
        )
        return accepted(task)


class AnchorOut(serializers.Serializer):
    """A signed line outside the database, as far as it is about this workspace's chain."""

    no = serializers.IntegerField()
    at = serializers.DateTimeField()
    sha256 = serializers.CharField()
    key = serializers.CharField()
    seq = serializers.IntegerField()
    hash = serializers.CharField()


class AnchorsOut(serializers.Serializer):
    instance = serializers.UUIDField()
    anchors = AnchorOut(many=True)
    public_keys = serializers.DictField(child=serializers.CharField())


class AuditAnchors(ApiView):
    required_permissions: ClassVar = {"GET": "audit.view"}

    @extend_schema(responses=AnchorsOut)
    def get(self, request: Request) -> Response:
        """The newest 100 anchors that name this workspace's chain, and the public keys that signed them."""
        found = anchors.of_chain(self.workspace_id, 100)
        shown = [
            {
                "no": row.anchor_no,
                "at": row.created_at,
                "sha256": row.sha256,
                "key": row.signing_key_id,
                "seq": seq,
                "hash": digest,
            }
            for row, seq, digest in found
        ]
        body = {
            "instance": AuditInstance.objects.get().instance_id,
            "anchors": shown,
            "public_keys": {
                key_id: key.public_bytes_raw().hex() for key_id, key in anchors.trusted().items()
            },
        }
        return Response(AnchorsOut(body).data)


def accepted(task: Any) -> Response:
    """202. A task is told as JSON, whatever form was asked for the rows."""
    answer = Response(
        WorkOut(task).data, status=HTTPStatus.ACCEPTED, content_type=JsonRenderer.media_type
    )
    answer["Location"] = f"/api/v1/tasks/{task.id}/"
    return answer


def searched(view: ApiView) -> Any:
    """The rows a request asks for. Raises Invalid."""
    asked = {name: view.request.GET[name] for name in view.request.GET}
    try:
        return audit_search.find(AuditLog.objects.visible_to(view.principal), asked)
    except BadQuery as error:
        raise _invalid(error) from error


def _invalid(error: BadQuery) -> Invalid:
    entry = field_error(error.parameter, error.code, error.message)
    return Invalid([entry], code=error.code)
