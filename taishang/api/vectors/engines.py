"""Engines that rank vectors: which there are, and the comparison of one with the database."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Refused
from accounts.web.views import ApiView
from taishang.api.tasks import TaskOut
from taishang.api.vectors.upkeep import UpkeepView
from taishang.vectors import outbox, probing


class BackendOut(serializers.Serializer):
    name = serializers.CharField()
    available = serializers.BooleanField()
    version = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField())
    limits = serializers.DictField(child=serializers.IntegerField())
    reason = serializers.CharField(help_text="Why it cannot be used, or what has yet to happen.")
    command = serializers.CharField(help_text="What brings it.")


class BackendsOut(serializers.Serializer):
    results = BackendOut(many=True)


class Backends(ApiView):
    required_permissions: ClassVar = {"GET": "vector.collection.view"}

    @extend_schema(responses=BackendsOut)
    def get(self, request: Request) -> Response:
        """Every engine this installation knows, with the reason where one cannot be used."""
        shown: list[dict[str, Any]] = [vars(one) for one in probing.look()]
        return Response(BackendsOut({"results": shown}).data)


class Reconciliation(UpkeepView):
    required_permissions: ClassVar = {"POST": "vector.index.manage"}

    @extend_schema(request=None, responses={202: TaskOut})
    def post(self, request: Request, collection_id: int) -> Response:
        """Compare the engine's rows with the database's and mend the engine."""
        if self.collection(collection_id).backend == "pgvector":
            raise Refused("no_engine")
        return self.accepted(outbox.RECONCILE, collection_id)
