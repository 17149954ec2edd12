"""A collection's index, placement, recall and failed embeddings: asked for here, done by tasks."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from taishang.api.tasks import TaskOut
from taishang.api.vectors.collections import AliasedChoice, CollectionView, IndexParamsIn
from taishang.models import VectorIndex, VectorRecallRun
from taishang.models.vectors import BUILT_KINDS, Backend, IndexType, Precision
from taishang.vectors import asking, embedding, queries
from taishang.vectors.collections import By
from taishang.vectors.queries import QueryInvalid


class IndexOut(serializers.Serializer):
    generation = serializers.IntegerField()
    backend = serializers.ChoiceField(Backend.choices)
    kind = serializers.ChoiceField(IndexType.choices)
    precision = serializers.ChoiceField(Precision.choices)
    params = serializers.JSONField()
    state = serializers.ChoiceField(VectorIndex.State.choices)
    is_active = serializers.BooleanField()
    bytes = serializers.IntegerField(help_text="bytes")
    rows = serializers.IntegerField()
    task_id = serializers.UUIDField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    built_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()


class IndexIn(Serializer):
    kind = AliasedChoice(BUILT_KINDS, required=False)
    precision = AliasedChoice(Precision.choices, required=False)
    params = IndexParamsIn(required=False)


class RecallPointOut(serializers.Serializer):
    ef = serializers.IntegerField()
    mean = serializers.FloatField()
    p5 = serializers.FloatField()
    min = serializers.FloatField()
    p50_ms = serializers.FloatField(help_text="milliseconds")
    p95_ms = serializers.FloatField(help_text="milliseconds")


class RecallOut(serializers.Serializer):
    id = serializers.IntegerField()
    sample = serializers.IntegerField()
    k = serializers.IntegerField()
    points = RecallPointOut(many=True)
    recommended_ef = serializers.IntegerField(allow_null=True)
    target = serializers.FloatField()
    verdict = serializers.ChoiceField(VectorRecallRun.Verdict.choices)
    reason = serializers.CharField()
    partial = serializers.BooleanField()  # type: ignore[assignment]
    rows = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class RecallIn(Serializer):
    sample = serializers.IntegerField(min_value=1, max_value=1000, default=100)
    k = serializers.IntegerField(min_value=1, max_value=100, default=10)
    filter = serializers.DictField(required=False)


class RetriedOut(serializers.Serializer):
    count = serializers.IntegerField()


class UpkeepView(CollectionView):
    def accepted(
        self, kind: str, collection_id: int, payload: Mapping[str, Any] | None = None
    ) -> Response:
        task = asking.ask(
            kind=kind,
            collection=self.collection(collection_id),
            by=By.principal(self.principal),
            payload=payload,
        )
        return Response(self.shown(task, TaskOut), status=HTTPStatus.ACCEPTED)


class Index(UpkeepView):
    required_permissions: ClassVar = {
        "GET": "vector.collection.view",
        "POST": "vector.index.manage",
        "DELETE": "vector.index.manage",
    }
    orderings = ("-generation",)

    @extend_schema(responses=page_of(IndexOut))
    def get(self, request: Request, collection_id: int) -> Response:
        """The generations of the index, newest first."""
        return self.page(
            VectorIndex.objects.filter(collection=self.collection(collection_id)), IndexOut
        )

    @extend_schema(request=IndexIn, responses={202: TaskOut})
    def post(self, request: Request, collection_id: int) -> Response:
        """Build a new generation; the present one serves until it is ready.

        An engine builds with the collection's own settings.
        """
        return self.accepted("vectors.index", collection_id, self.read(IndexIn))

    @extend_schema(request=None, responses={202: TaskOut})
    def delete(self, request: Request, collection_id: int) -> Response:
        """Drop the index; exact search serves."""
        return self.accepted("vectors.drop_index", collection_id)


class Recall(UpkeepView):
    required_permissions: ClassVar = {
        "GET": "vector.collection.view",
        "POST": "vector.index.manage",
    }
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(RecallOut))
    def get(self, request: Request, collection_id: int) -> Response:
        """What was measured, newest first."""
        rows = VectorRecallRun.objects.filter(collection=self.collection(collection_id))
        return self.page(rows, RecallOut)

    @extend_schema(request=RecallIn, responses={202: TaskOut})
    def post(self, request: Request, collection_id: int) -> Response:
        """Measure what share of the exact answers the index finds."""
        wish = self.read(RecallIn)
        try:
            queries.read({"id": "-", "filter": wish.get("filter")}, self.collection(collection_id))
        except QueryInvalid as error:
            raise Invalid([field_error(*fault) for fault in error.faults]) from error
        return self.accepted("vectors.recall", collection_id, wish)


class PlacementView(UpkeepView):
    required_permissions: ClassVar = {"POST": "vector.index.manage"}

    @extend_schema(request=None, responses={202: TaskOut})
    def post(self, request: Request, collection_id: int) -> Response:
        """Give the collection a partition of its own."""
        return self.accepted("vectors.promote", collection_id)


class EmbeddingRetry(CollectionView):
    required_permissions: ClassVar = {"POST": "vector.rows.upsert"}

    @extend_schema(request=None, responses=RetriedOut)
    def post(self, request: Request, collection_id: int) -> Response:
        """Let the rows that could not be embedded wait once more."""
        collection = self.collection(collection_id)
        count = embedding.retry(collection=collection)
        asking.embed(collection=collection, by=By.principal(self.principal), count=count)
        return Response({"count": count})
