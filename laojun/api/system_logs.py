"""What the program told of this workspace's requests and tasks."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.views import ApiView
from laojun.audit_search import BadQuery
from laojun.logs import searching
from laojun.models import SystemLog


class SystemLogOut(serializers.ModelSerializer):
    context = serializers.JSONField()  # type: ignore[assignment]

    class Meta:
        model = SystemLog
        fields = (
            "id",
            "created_at",
            "level",
            "logger",
            "message",
            "context",
            "exception",
            "repeat_count",
            "service",
            "method",
            "path",
            "user_id",
            "ip_address",
            "user_agent",
            "trace_id",
        )


class SystemLogs(ApiView):
    required_permissions: ClassVar = {"GET": "log.view"}
    query_parameters = searching.PARAMETERS
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(SystemLogOut))
    def get(self, request: Request) -> Response:
        """Log lines of this workspace, newest first; the last day unless `from` and `to` say otherwise."""
        asked = {name: request.GET[name] for name in searching.PARAMETERS & set(request.GET)}
        try:
            rows = searching.find(SystemLog.objects.visible_to(self.principal), asked)
            with searching.bounded():
                return self.page(rows, SystemLogOut)
        except BadQuery as error:
            entry = field_error(error.parameter, error.code, error.message)
            raise Invalid([entry], code=error.code) from error
