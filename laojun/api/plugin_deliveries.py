"""Calls of a plugin: what it was asked and told, and what was given up sent once more."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from laojun.api.plugin_instances import InstanceView
from laojun.models import PluginDelivery
from laojun.plugins import deliveries


class TestIn(Serializer):
    hook = serializers.CharField(max_length=60)
    event_type = serializers.CharField(
        max_length=60, default="", allow_blank=True, help_text="For `event.sink`: which event."
    )


class PluginDeliveryOut(serializers.Serializer):
    id = serializers.UUIDField()
    instance_id = serializers.IntegerField(allow_null=True)
    hook = serializers.CharField()
    mode = serializers.CharField()
    is_test = serializers.BooleanField()
    event_id = serializers.UUIDField(allow_null=True)
    event_type = serializers.CharField()
    state = serializers.CharField()
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    status_code = serializers.IntegerField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    bytes_in = serializers.IntegerField()
    bytes_out = serializers.IntegerField()
    error_code = serializers.CharField()
    error = serializers.CharField()
    answer = serializers.JSONField()
    trace_id = serializers.CharField()
    created_at = serializers.DateTimeField()


class CallsView(InstanceView):
    def calls(self, instance_id: int) -> Any:
        return PluginDelivery.objects.visible_to(self.principal).filter(
            instance=self.instance(instance_id)
        )


class PluginDeliveries(CallsView):
    required_permissions: ClassVar = {"GET": "plugin.view"}
    query_parameters = frozenset({"state", "hook", "from", "to"})
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(PluginDeliveryOut))
    def get(self, request: Request, instance_id: int) -> Response:
        """The calls of a plugin, newest first; those of the last thirty days are kept."""
        rows = self.calls(instance_id)
        for name in ("state", "hook"):
            if name in request.GET:
                rows = rows.filter(**{name: request.GET[name]})
        for name, look in (("from", "created_at__gte"), ("to", "created_at__lt")):
            if name in request.GET:
                rows = rows.filter(**{look: self.moment(name)})
        return self.page(rows, PluginDeliveryOut)

    def moment(self, name: str) -> Any:
        """A time of the query string. Raises a validation problem that names the parameter."""
        form = serializers.DateTimeField()
        try:
            return form.run_validation(self.request.GET[name])
        except serializers.ValidationError as error:
            raise serializers.ValidationError({name: error.detail}) from error


class PluginDeliveryRetry(CallsView):
    required_permissions: ClassVar = {"POST": "plugin.configure"}

    @extend_schema(request=None, responses={202: PluginDeliveryOut})
    def post(self, request: Request, instance_id: int, delivery_id: UUID) -> Response:
        """Send once more what was given up, under the same id."""
        row = self.find(self.calls(instance_id), pk=delivery_id)
        again = deliveries.retry(delivery=row, by=self.principal)
        return Response(self.shown(again, PluginDeliveryOut), status=202)


class PluginTest(CallsView):
    required_permissions: ClassVar = {"POST": "plugin.configure"}

    @extend_schema(request=TestIn, responses={202: PluginDeliveryOut})
    def post(self, request: Request, instance_id: int) -> Response:
        """Call the plugin with made-up data. The call is made within seconds; `deliveries/` shows how it ended."""
        instance = self.instance(instance_id)
        given = self.read(TestIn)
        row = deliveries.try_out(
            instance=instance,
            hook=given["hook"],
            event=given["event_type"],
            by=self.principal,
        )
        return Response(self.shown(row, PluginDeliveryOut), status=202)
