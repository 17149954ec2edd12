"""Collections: list, make, look, change, delete, restore."""

from __future__ import annotations

from decimal import Decimal
from http import HTTPStatus
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Principal
from accounts.web import etags
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from taishang.models import Kind, Model, VectorCollection
from taishang.models.vectors import (
    FIELD_TYPES,
    MAX_DIMENSION,
    WRITABLE_STATUSES,
    Backend,
    IndexType,
    Metric,
    Precision,
)
from taishang.vectors import collections, standing
from taishang.vectors.collections import By

PATH = r"[^.\x00-\x1f]{1,64}(\.[^.\x00-\x1f]{1,64}){0,7}"
LOWEST_TARGET = Decimal("0.5")


class AliasedChoice(serializers.ChoiceField):
    """A choice that also knows upper case and other tools' names."""

    def __init__(self, choices: Any, *, aliases: dict[str, str] | None = None, **options: Any):
        super().__init__(choices, **options)
        self.aliases = aliases or {}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            data = self.aliases.get(data.lower(), data.lower())
        return super().to_internal_value(data)


class IndexParamsIn(Serializer):
    m = serializers.IntegerField(min_value=2, max_value=100, required=False)
    ef_construction = serializers.IntegerField(min_value=4, max_value=1000, required=False)
    lists = serializers.IntegerField(min_value=1, max_value=32768, required=False, allow_null=True)


class FilterableIn(Serializer):
    path = serializers.RegexField(rf"^{PATH}$", max_length=520)
    type = serializers.ChoiceField(FIELD_TYPES)
    indexed = serializers.BooleanField(default=False)


class CollectionChangeIn(Serializer):
    name = serializers.CharField(max_length=63, required=False)
    description = serializers.CharField(max_length=500, allow_blank=True, required=False)
    dimension = serializers.IntegerField(min_value=1, max_value=MAX_DIMENSION, required=False)
    metric = AliasedChoice(Metric.choices, aliases={"dot": "ip"}, required=False)
    backend = AliasedChoice(Backend.choices, required=False)
    model_id = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    index_type = AliasedChoice(IndexType.choices, required=False)
    index_params = IndexParamsIn(required=False)
    precision = AliasedChoice(Precision.choices, required=False)
    oversample = serializers.IntegerField(min_value=1, max_value=100, required=False)
    ef_search = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, allow_null=True
    )
    filterable = serializers.ListField(child=FilterableIn(), max_length=16, required=False)
    keyword_enabled = serializers.BooleanField(required=False)
    sample_queries = serializers.BooleanField(required=False)
    recall_target = serializers.DecimalField(
        max_digits=4,
        decimal_places=3,
        min_value=LOWEST_TARGET,
        max_value=Decimal(1),
        required=False,
    )
    shard_count = serializers.IntegerField(min_value=1, max_value=64, required=False)
    replication = serializers.IntegerField(min_value=1, max_value=8, required=False)
    status = serializers.ChoiceField(WRITABLE_STATUSES, required=False)

    def validate_name(self, name: str) -> str:
        try:
            return collections.clean_name(name)
        except ValueError as error:
            message = _("Letters, digits, _ and -, beginning with a letter or digit.")
            raise serializers.ValidationError(message) from error

    def validate_index_params(self, given: dict[str, Any]) -> dict[str, Any]:
        return {**(self.instance.index_params if self.instance else {}), **given}


class CollectionIn(CollectionChangeIn):
    name = serializers.CharField(max_length=63)
    keep_embedding = serializers.BooleanField(default=True)


class FieldOut(serializers.Serializer):
    path = serializers.CharField()
    type = serializers.ChoiceField(FIELD_TYPES)
    indexed = serializers.BooleanField()


class IndexStandingOut(serializers.Serializer):
    kind = serializers.CharField()
    generation = serializers.IntegerField()
    precision = serializers.CharField()
    rows = serializers.IntegerField()
    stale = serializers.BooleanField(help_text="built by other settings; build it again")


class StatsOut(serializers.Serializer):
    rows = serializers.IntegerField()
    bytes = serializers.IntegerField(help_text="bytes")
    pending_embeddings = serializers.IntegerField()
    placement = serializers.ChoiceField(VectorCollection.Placement.choices)
    index = IndexStandingOut(allow_null=True)
    write_seq = serializers.IntegerField()
    lag_seq = serializers.IntegerField(help_text="writes that an engine has not got yet")
    last_write_at = serializers.DateTimeField(allow_null=True)


class CollectionOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    dimension = serializers.IntegerField()
    metric = serializers.ChoiceField(Metric.choices)
    backend = serializers.ChoiceField(Backend.choices)
    model_id = serializers.IntegerField(allow_null=True)
    index_type = serializers.ChoiceField(IndexType.choices)
    index_params = serializers.JSONField()
    precision = serializers.ChoiceField(Precision.choices)
    oversample = serializers.IntegerField()
    ef_search = serializers.IntegerField(allow_null=True)
    filterable = FieldOut(many=True)
    keep_embedding = serializers.BooleanField()
    keyword_enabled = serializers.BooleanField()
    sample_queries = serializers.BooleanField()
    recall_target = serializers.FloatField()
    shard_count = serializers.IntegerField()
    replication = serializers.IntegerField()
    managed_by = serializers.CharField()
    status = serializers.ChoiceField(VectorCollection.Status.choices)
    created_by_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    stats = serializers.SerializerMethodField()

    @extend_schema_field(StatsOut)
    def get_stats(self, collection: VectorCollection) -> Any:
        found = standing.of(collection)
        return StatsOut(
            {
                "rows": found.seen,
                "bytes": collection.state.bytes,
                "pending_embeddings": found.pending,
                "placement": collection.placement,
                "index": found.index and {**found.index, "stale": found.is_stale},
                "write_seq": collection.state.write_seq,
                "lag_seq": found.lag,
                "last_write_at": collection.state.last_write_at,
            }
        ).data


def usable_models(principal: Principal) -> models.QuerySet[Model]:
    """Embedding models that everybody of the workspace may use; a collection belongs to no single person."""
    found = Model.objects.usable_by(principal).filter(kind=Kind.EMBEDDING)
    return found.exclude(scope=Model.Scope.USER)


class CollectionView(ApiView):
    """What every view of collections starts from."""

    def visible(self) -> models.QuerySet[VectorCollection]:
        return standing.with_standing(VectorCollection.objects.visible_to(self.principal))

    def collection(self, collection_id: int, *, lock: bool = False) -> VectorCollection:
        rows = self.visible()
        return self.find(rows.select_for_update(of=("self",)) if lock else rows, pk=collection_id)

    def with_model(
        self, values: dict[str, Any], collection: VectorCollection | None = None
    ) -> dict[str, Any]:
        """The values with the model's dimension where none is given. Raises Invalid."""
        model = None
        if values.get("model_id") is not None:
            model = usable_models(self.principal).filter(pk=values["model_id"]).first()
            if model is None:
                raise Invalid([field_error("/model_id", "does_not_exist", _("No such model."))])
            values.setdefault("dimension", model.embedding_dimension)
        dimension = values.get("dimension") or (collection.dimension if collection else None)
        if dimension is None:
            raise Invalid([field_error("/dimension", "required", _("Say how many numbers."))])
        if model is not None and model.embedding_dimension != dimension:
            text = _("The model makes vectors of another dimension.")
            raise Invalid([field_error("/dimension", "invalid", text)])
        return values

    def tag(self, collection: VectorCollection) -> str:
        """The tag moves with the settings and with every write, for both are shown."""
        return etags.of(self.request, collection, also=[collection.state.write_seq])

    def shown_with_tag(self, collection_id: int, *, status: int = HTTPStatus.OK) -> Response:
        collection = self.collection(collection_id)
        tag = self.tag(collection)
        if self.request.method == "GET" and etags.matches(self.request, tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        return Response(self.shown(collection, CollectionOut), status=status, headers={"ETag": tag})


class Collections(CollectionView):
    required_permissions: ClassVar = {
        "GET": "vector.collection.view",
        "POST": "vector.collection.create",
    }
    query_parameters = frozenset({"backend", "status", "name"})
    orderings = ("-created_at", "name")

    @extend_schema(responses=page_of(CollectionOut))
    def get(self, request: Request) -> Response:
        """The collections of this workspace."""
        wanted = {
            name: value for name, value in request.GET.items() if name in self.query_parameters
        }
        return self.page(self.visible().filter(**wanted), CollectionOut)

    @extend_schema(request=CollectionIn, responses={201: CollectionOut})
    def post(self, request: Request) -> Response:
        """Make a collection."""
        made = collections.create(
            workspace_id=self.workspace_id,
            by=By.principal(self.principal),
            values=self.with_model(self.read(CollectionIn)),
        )
        answer = self.shown_with_tag(made.pk, status=HTTPStatus.CREATED)
        answer["Location"] = f"{request.path}{made.pk}/"
        return answer


class CollectionDetail(CollectionView):
    required_permissions: ClassVar = {
        "GET": "vector.collection.view",
        "PATCH": "vector.collection.update",
        "DELETE": "vector.collection.delete",
    }

    @extend_schema(responses=CollectionOut)
    def get(self, request: Request, collection_id: int) -> Response:
        return self.shown_with_tag(collection_id)

    @extend_schema(request=CollectionChangeIn, responses=CollectionOut)
    def patch(self, request: Request, collection_id: int) -> Response:
        """Change settings. With rows in it, dimension, metric, backend and model are settled."""
        collection = self.collection(collection_id, lock=True)
        etags.require(request, collection, optional=True)
        values = self.with_model(
            self.read(CollectionChangeIn, instance=collection, partial=True), collection
        )
        collections.change(collection=collection, by=By.principal(self.principal), values=values)
        return self.shown_with_tag(collection_id)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, collection_id: int) -> Response:
        """Hide a collection; for seven days it can be restored."""
        collections.delete(
            collection=self.collection(collection_id), by=By.principal(self.principal)
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class CollectionRestoration(CollectionView):
    required_permissions: ClassVar = {"POST": "vector.collection.delete"}

    @extend_schema(request=None, responses=CollectionOut)
    def post(self, request: Request, collection_id: int) -> Response:
        """Bring a deleted collection back with all its rows."""
        rows = VectorCollection.objects.restorable_by(self.principal).select_for_update()
        collections.restore(
            collection=self.find(rows, pk=collection_id), by=By.principal(self.principal)
        )
        return self.shown_with_tag(collection_id)
