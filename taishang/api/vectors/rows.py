"""Rows: write, search, delete, browse. Bodies and replies go through orjson alone, without a serializer per row."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar

from django.db import models
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tenancy
from accounts.web.outside import later
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from taishang import queue
from taishang.api.tasks import TaskOut
from taishang.api.vectors import parsing
from taishang.api.vectors.collections import CollectionView
from taishang.api.vectors.parsing import VectorParser
from taishang.models import VectorCollection, VectorRow
from taishang.vectors import (
    clearing,
    deleting,
    embedding,
    following,
    hidden,
    queries,
    querying,
    rows,
    writing,
)
from taishang.vectors.queries import QueryInvalid

UPSERT_FIELDS = frozenset({"rows", "mode"})
DELETE_FIELDS = frozenset({"ids", "namespace", "filter", "all", "dry_run"})
MODES = ("atomic", "partial")


class RowIn(serializers.Serializer):
    id = serializers.CharField(max_length=256)
    vector = serializers.ListField(child=serializers.FloatField(), required=False)
    vector_b64 = serializers.CharField(
        required=False, help_text="little-endian float32 in base64; or `vector`"
    )
    document = serializers.CharField(max_length=20_000, required=False)
    payload = serializers.DictField(required=False)
    namespace = serializers.CharField(max_length=128, required=False)


class UpsertIn(serializers.Serializer):
    rows = RowIn(many=True)
    mode = serializers.ChoiceField(MODES, default="atomic")


class RowErrorOut(serializers.Serializer):
    code = serializers.CharField()
    detail = serializers.CharField()


class RowResultOut(serializers.Serializer):
    id = serializers.CharField(allow_null=True)
    namespace = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(["inserted", "updated", "unchanged", "accepted", "failed"])
    error = RowErrorOut(required=False)


class UpsertOut(serializers.Serializer):
    results = RowResultOut(many=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    seq = serializers.IntegerField(help_text="number of the write; 0 when nothing changed")


class HybridIn(serializers.Serializer):
    keyword = serializers.CharField(required=False)
    weights = serializers.ListField(child=serializers.FloatField(), required=False)
    k = serializers.IntegerField(required=False, default=60)
    candidates = serializers.IntegerField(required=False, default=100)


class QueryIn(serializers.Serializer):
    """Exactly one of `vector`, `vector_b64`, `text`, `id`, or `hybrid.keyword` alone."""

    vector = serializers.ListField(child=serializers.FloatField(), required=False)
    vector_b64 = serializers.CharField(required=False)
    text = serializers.CharField(required=False)
    id = serializers.CharField(required=False)
    top_k = serializers.IntegerField(default=10, min_value=1, max_value=1000)
    namespace = serializers.JSONField(required=False, help_text="one, a list, or * for all")
    filter = serializers.DictField(required=False)
    exact = serializers.BooleanField(default=False)
    ef_search = serializers.IntegerField(required=False)
    min_score = serializers.FloatField(required=False)
    include = serializers.ListField(child=serializers.ChoiceField(queries.INCLUDES), required=False)
    hybrid = HybridIn(required=False)
    timeout_ms = serializers.IntegerField(default=2000, min_value=50, max_value=10_000)
    explain = serializers.BooleanField(default=False)


class MatchOut(serializers.Serializer):
    id = serializers.CharField()
    namespace = serializers.CharField()
    rank = serializers.IntegerField()
    score = serializers.FloatField(allow_null=True)
    distance = serializers.FloatField(allow_null=True)
    vector_rank = serializers.IntegerField(allow_null=True)
    keyword_rank = serializers.IntegerField(allow_null=True)
    payload = serializers.DictField(required=False)
    document = serializers.CharField(required=False)
    vector = serializers.ListField(child=serializers.FloatField(), required=False)


class QueryOut(serializers.Serializer):
    matches = MatchOut(many=True)
    plan = serializers.CharField()
    complete = serializers.BooleanField()
    incomplete_reason = serializers.CharField()
    candidates_scanned = serializers.IntegerField()
    cut_by_min_score = serializers.IntegerField()
    pending_embeddings = serializers.IntegerField()
    lag_seq = serializers.IntegerField()
    took_ms = serializers.FloatField()
    usage = serializers.DictField()
    warnings = serializers.ListField(child=serializers.CharField())
    explain = serializers.DictField(required=False)


class DeleteIn(serializers.Serializer):
    """`ids` of one namespace at once; or `filter`, `namespace`, `all` in the background."""

    ids = serializers.ListField(child=serializers.CharField(), required=False, max_length=1000)
    namespace = serializers.CharField(required=False)
    filter = serializers.DictField(required=False)
    all = serializers.BooleanField(default=False)
    dry_run = serializers.BooleanField(default=False)


class DeletedOut(serializers.Serializer):
    id = serializers.CharField()
    status = serializers.ChoiceField(["deleted", "not_found"])


class DeleteOut(serializers.Serializer):
    results = DeletedOut(many=True, required=False)
    count = serializers.IntegerField(required=False)
    seq = serializers.IntegerField(required=False)


class VectorOut(serializers.Serializer):
    id = serializers.CharField(source="external_id")
    namespace = serializers.CharField()
    payload = serializers.JSONField()
    document = serializers.CharField()
    embed_state = serializers.ChoiceField(VectorRow.EmbedState.choices)
    embed_error = serializers.CharField()
    revision = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class NamespaceOut(serializers.Serializer):
    name = serializers.CharField()
    rows = serializers.IntegerField()


class Upsert(CollectionView):
    required_permissions: ClassVar = {"POST": "vector.rows.upsert"}
    rate_limits: ClassVar = {"POST": ("vector.write",)}
    parser_classes = [VectorParser]
    max_json_bytes = parsing.MAX_UPSERT_BYTES
    max_values = parsing.MAX_UPSERT_VALUES

    @extend_schema(request=UpsertIn, responses=UpsertOut)
    def post(self, request: Request, collection_id: int) -> HttpResponse:
        """Write up to 1,000 rows; each gets an answer. The same rows again change nothing."""
        collection = self.collection(collection_id)
        body = parsing.an_object(request.data, UPSERT_FIELDS)
        sent, mode = body.get("rows"), body.get("mode", "atomic")
        if not isinstance(sent, list) or not 1 <= len(sent) <= rows.MAX_ROWS:
            raise Invalid([field_error("/rows", "invalid", f"1 to {rows.MAX_ROWS} rows.")])
        if mode not in MODES:
            raise Invalid([field_error("/mode", "invalid", "atomic or partial.")])
        written = writing.upsert(collection=collection, sent=sent, mode=mode)
        following.after_write(collection=collection, entry=written.entry)
        results = [result.shown() for result in written.results]
        return parsing.answer({"results": results, "counts": written.counts, "seq": written.seq})


class Query(CollectionView):
    required_permissions: ClassVar = {"POST": "vector.collection.query"}
    rate_limits: ClassVar = {"POST": ("vector.query",)}
    parser_classes = [VectorParser]
    max_values = parsing.MAX_QUERY_VALUES

    @extend_schema(request=QueryIn, responses=QueryOut)
    def post(self, request: Request, collection_id: int) -> HttpResponse:
        """Find rows by meaning, by example or by words; the reply says whether that was all."""
        collection = self.collection(collection_id)
        try:
            query = queries.read(request.data, collection)
        except QueryInvalid as error:
            raise parsing.invalid(error) from error
        if query.text is not None and collection.model_id is not None:
            return later(partial(self.by_text, collection, query))
        return parsing.answer(querying.search(collection=collection, query=query).shown())

    def by_text(self, collection: VectorCollection, query: queries.Query) -> HttpResponse:
        """The text is embedded while no transaction is open, then searched for in one of its own."""
        with tenancy.entered(self.principal.context):
            model = embedding.model_of(collection)
        vector = embedding.of_text(
            collection=collection, model=model, text=query.text or "", user=self.user
        )
        with tenancy.entered(self.principal.context):
            found = self.collection(collection.pk)
            return parsing.answer(
                querying.search(collection=found, query=query, text_vector=vector).shown()
            )


class Deletion(CollectionView):
    required_permissions: ClassVar = {"POST": "vector.rows.delete"}
    rate_limits: ClassVar = {"POST": ("vector.write",)}

    @extend_schema(request=DeleteIn, responses={200: DeleteOut, 202: TaskOut})
    def post(self, request: Request, collection_id: int) -> HttpResponse | Response:
        """Delete by ids at once, or by a condition as a task; `dry_run` counts first."""
        body = parsing.an_object(request.data, DELETE_FIELDS)
        collection = self.collection(collection_id)
        if "ids" in body:
            return self.by_ids(collection, body)
        try:
            wish = clearing.read(body, collection)
        except QueryInvalid as error:
            raise parsing.invalid(error) from error
        if body.get("dry_run"):
            count = deleting.count(collection=collection, condition=wish.condition)
            return parsing.answer({"count": count})
        task = clearing.ask(
            collection=collection, wish=wish, principal=self.principal, enqueue=queue.enqueue
        )
        return Response(self.shown(task, TaskOut), status=HTTPStatus.ACCEPTED)

    def by_ids(self, collection: Any, body: dict[str, Any]) -> HttpResponse:
        ids, namespace = body["ids"], body.get("namespace", "")
        if not isinstance(ids, list) or not 1 <= len(ids) <= rows.MAX_ROWS:
            raise Invalid([field_error("/ids", "invalid", f"1 to {rows.MAX_ROWS} ids.")])
        if not all(isinstance(one, str | int) for one in ids) or not isinstance(namespace, str):
            raise Invalid([field_error("/ids", "invalid", "Ids are text.")])
        wanted = [str(one) for one in ids]
        gone, entry = deleting.by_ids(
            collection=collection, external_ids=wanted, namespace=namespace
        )
        results = [
            {"id": one, "status": "deleted" if one in gone else "not_found"} for one in wanted
        ]
        return parsing.answer({"results": results, "seq": entry.seq if entry else 0})


class Vectors(CollectionView):
    required_permissions: ClassVar = {"GET": "vector.collection.query"}
    query_parameters = frozenset({"external_id", "namespace", "embed_state"})
    orderings = ("id",)

    @extend_schema(responses=page_of(VectorOut))
    def get(self, request: Request, collection_id: int) -> Response:
        """The rows of a collection in the order of their insertion."""
        wanted = {
            name: value for name, value in request.GET.items() if name in self.query_parameters
        }
        found = VectorRow.objects.filter(collection=self.collection(collection_id), **wanted)
        seen = found.exclude(hidden.among())
        return self.page(seen.defer("embedding", "tsv"), VectorOut)


class Namespaces(CollectionView):
    required_permissions: ClassVar = {"GET": "vector.collection.view"}
    orderings = ("name",)

    @extend_schema(responses=page_of(NamespaceOut))
    def get(self, request: Request, collection_id: int) -> Response:
        """The namespaces of a collection, with their rows."""
        found: models.QuerySet = self.collection(collection_id).namespaces.exclude(
            hidden.among("name")
        )
        return self.page(found, NamespaceOut)


class NamespaceDetail(CollectionView):
    required_permissions: ClassVar = {"DELETE": "vector.rows.delete"}
    rate_limits: ClassVar = {"DELETE": ("vector.write",)}

    @extend_schema(request=None, responses={202: TaskOut})
    def delete(self, request: Request, collection_id: int, name: str) -> Response:
        """Delete a namespace with all its rows, as a task. `_default` names the unnamed one."""
        collection = self.collection(collection_id)
        wish = clearing.of_namespace("" if name == clearing.UNNAMED else name)
        task = clearing.ask(
            collection=collection, wish=wish, principal=self.principal, enqueue=queue.enqueue
        )
        return Response(self.shown(task, TaskOut), status=HTTPStatus.ACCEPTED)
