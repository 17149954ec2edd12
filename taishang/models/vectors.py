"""Vector collections, their rows, and what is counted, changed, indexed and measured about them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.authentication import Principal

MAX_DIMENSION = 16_000
MAX_NAME = 63
MAX_NAMESPACE = 128
MAX_EXTERNAL_ID = 256
MAX_DOCUMENT = 20_000
# What pgvector can index, by precision. Units: dimensions.
MAX_INDEXED = {"float32": 2_000, "halfvec": 4_000, "binary": 64_000}
# What a filter may know of a payload's field, and the states people set.
FIELD_TYPES = [(name, name) for name in ("string", "number", "boolean", "datetime", "string[]")]
WRITABLE_STATUSES = [("active", _("active")), ("readonly", _("read-only"))]
DEFAULT_INDEX_PARAMS = {"m": 16, "ef_construction": 200, "lists": None}


class Metric(models.TextChoices):
    COSINE = "cosine", _("cosine")
    L2 = "l2", _("Euclidean (l2)")
    IP = "ip", _("inner product")


class Backend(models.TextChoices):
    PGVECTOR = "pgvector", "pgvector"
    FAISS = "faiss", "FAISS"
    MILVUS = "milvus", "Milvus"


class IndexType(models.TextChoices):
    FLAT = "flat", _("none (exact)")
    HNSW = "hnsw", "HNSW"
    IVFFLAT = "ivfflat", "IVFFlat"


# What can be asked to be built.
BUILT_KINDS = [("hnsw", "HNSW"), ("ivfflat", "IVFFlat")]


class Precision(models.TextChoices):
    FLOAT32 = "float32", "float32"
    HALFVEC = "halfvec", _("half precision")
    BINARY = "binary", _("binary")


class Embedding(models.Field):
    """A pgvector column without a length. Only `vectors.backends.pgvector` reads and writes it, in binary."""

    def db_type(self, connection: Any) -> str:
        return "vector"


def default_index_params() -> dict[str, Any]:
    return dict(DEFAULT_INDEX_PARAMS)


class VectorCollectionQuerySet(models.QuerySet["VectorCollection"]):
    def visible_to(self, principal: Principal) -> VectorCollectionQuerySet:
        if not principal.may("vector.collection.view"):
            return self.none()
        return self.alive().filter(workspace_id=principal.workspace_id)

    def restorable_by(self, principal: Principal) -> VectorCollectionQuerySet:
        if not principal.may("vector.collection.delete"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id, deleted_at__isnull=False).exclude(
            status=VectorCollection.Status.DELETING
        )

    def alive(self) -> VectorCollectionQuerySet:
        return self.filter(deleted_at__isnull=True)


class VectorCollection(models.Model):
    """One searchable set of vectors with one dimension and one metric."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        READONLY = "readonly", _("read-only")
        DELETING = "deleting", _("being deleted")

    class Placement(models.TextChoices):
        SHARED = "shared", _("shared")
        COPYING = "copying", _("being copied")
        SWAPPING = "swapping", _("being moved")
        OWN = "own", _("own partition")

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace",
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("workspace"),
    )
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    managed_by = models.CharField(max_length=20, blank=True)
    name = models.CharField(_("name"), max_length=MAX_NAME)
    description = models.CharField(_("description"), max_length=500, blank=True)
    dimension = models.IntegerField(_("dimension"))
    metric = models.CharField(
        _("metric"), max_length=6, choices=Metric.choices, default=Metric.COSINE
    )
    backend = models.CharField(
        _("backend"), max_length=8, choices=Backend.choices, default=Backend.PGVECTOR
    )
    model = models.ForeignKey(
        "taishang.Model", on_delete=models.RESTRICT, null=True, related_name="+", db_index=False
    )
    index_type = models.CharField(
        _("index"), max_length=7, choices=IndexType.choices, default=IndexType.HNSW
    )
    index_params = models.JSONField(default=default_index_params)
    precision = models.CharField(
        _("precision"), max_length=7, choices=Precision.choices, default=Precision.FLOAT32
    )
    oversample = models.SmallIntegerField(default=20)
    ef_search = models.SmallIntegerField(null=True)
    filterable = models.JSONField(default=list)
    keep_embedding = models.BooleanField(default=True)
    keyword_enabled = models.BooleanField(default=True)
    sample_queries = models.BooleanField(default=True)
    recall_target = models.DecimalField(max_digits=4, decimal_places=3, default=Decimal("0.950"))
    shard_count = models.SmallIntegerField(default=1)
    replication = models.SmallIntegerField(default=1)
    status = models.CharField(
        _("state"), max_length=8, choices=Status.choices, default=Status.ACTIVE
    )
    placement = models.CharField(
        _("placement"), max_length=8, choices=Placement.choices, default=Placement.SHARED
    )
    version = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = VectorCollectionQuerySet.as_manager()

    class Meta:
        db_table = "tai_vector_collections"
        verbose_name = _("vector collection")
        verbose_name_plural = _("vector collections")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                condition=models.Q(deleted_at__isnull=True),
                name="tai_vector_collections_name_uniq",
            ),
            # What the rows' foreign key points at: the database itself keeps their dimension.
            models.UniqueConstraint(
                fields=["workspace", "id", "dimension"],
                name="tai_vector_collections_dimension_uniq",
            ),
            models.CheckConstraint(
                condition=models.Q(metric__in=Metric.values),
                name="tai_vector_collections_metric_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(backend__in=Backend.values),
                name="tai_vector_collections_backend_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(index_type__in=IndexType.values),
                name="tai_vector_collections_index_type_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(precision__in=Precision.values),
                name="tai_vector_collections_precision_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(dimension__gte=1, dimension__lte=MAX_DIMENSION),
                name="tai_vector_collections_dimension_ck",
            ),
            models.CheckConstraint(
                condition=~models.Q(backend="pgvector")
                | models.Q(index_type="flat")
                | models.Q(precision="float32", dimension__lte=MAX_INDEXED["float32"])
                | models.Q(precision="halfvec", dimension__lte=MAX_INDEXED["halfvec"])
                | models.Q(precision="binary"),
                name="tai_vector_collections_index_limit_ck",
            ),
            models.CheckConstraint(
                condition=~models.Q(precision="binary", metric="l2"),
                name="tai_vector_collections_binary_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(keep_embedding=True) | ~models.Q(backend="pgvector"),
                name="tai_vector_collections_keep_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(shard_count=1, replication=1)
                | models.Q(
                    backend="milvus",
                    shard_count__range=(1, 64),
                    replication__range=(1, 8),
                ),
                name="tai_vector_collections_shards_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "readonly", "deleting"]),
                name="tai_vector_collections_status_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(placement__in=["shared", "copying", "swapping", "own"]),
                name="tai_vector_collections_placement_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(oversample__range=(1, 100))
                & (models.Q(ef_search__isnull=True) | models.Q(ef_search__range=(1, 1000)))
                & models.Q(recall_target__gt=0, recall_target__lte=1),
                name="tai_vector_collections_search_ck",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class VectorRow(models.Model):
    """One external id of one collection. The database's key is (collection_id, id); rows live in partitions."""

    class EmbedState(models.TextChoices):
        READY = "ready", _("ready")
        PENDING = "pending", _("waiting for its embedding")
        FAILED = "failed", _("could not be embedded")
        EXTERNAL = "external", _("held by the engine")

    id = models.BigIntegerField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    collection = models.ForeignKey(
        VectorCollection, on_delete=models.DO_NOTHING, related_name="vectors", db_constraint=False
    )
    namespace = models.CharField(max_length=MAX_NAMESPACE, blank=True)
    external_id = models.CharField(max_length=MAX_EXTERNAL_ID)
    dims = models.IntegerField()
    embedding = Embedding(null=True)
    embed_state = models.CharField(max_length=8, choices=EmbedState.choices, default="ready")
    embed_error = models.CharField(max_length=300, blank=True)
    payload = models.JSONField(default=dict)
    document = models.TextField(blank=True)
    tsv = SearchVectorField(null=True)
    row_hash = models.BinaryField(max_length=16)
    revision = models.BigIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "tai_vectors"
        verbose_name = _("vector")
        verbose_name_plural = _("vectors")


class VectorState(models.Model):
    """The counters of one collection, kept apart because every write moves them.

    `write_seq` numbers the committed writes, `published_seq` is the last one an engine has.
    """

    collection = models.OneToOneField(
        VectorCollection,
        on_delete=models.DO_NOTHING,
        primary_key=True,
        related_name="state",
        db_constraint=False,
    )
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    write_seq = models.BigIntegerField(default=0)
    published_seq = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    pending_embeddings = models.BigIntegerField(default=0)
    deleted_since_build = models.BigIntegerField(default=0)
    rows_at_build = models.BigIntegerField(default=0)
    capture = models.BooleanField(default=False)
    last_write_at = models.DateTimeField(null=True)
    last_published_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "tai_vector_states"
        verbose_name = _("vector counters")
        verbose_name_plural = _("vector counters")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(published_seq__lte=models.F("write_seq")),
                name="tai_vector_states_seq_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(rows__gte=0, bytes__gte=0, pending_embeddings__gte=0),
                name="tai_vector_states_counts_ck",
            ),
        ]


class VectorNamespace(models.Model):
    """How many rows one namespace of a collection holds."""

    pk = models.CompositePrimaryKey("collection_id", "name")
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    collection = models.ForeignKey(
        VectorCollection,
        on_delete=models.DO_NOTHING,
        related_name="namespaces",
        db_constraint=False,
    )
    name = models.CharField(max_length=MAX_NAMESPACE, blank=True)
    rows = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "tai_vector_namespaces"
        verbose_name = _("namespace")
        verbose_name_plural = _("namespaces")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rows__gte=0), name="tai_vector_namespaces_rows_ck"
            )
        ]


class VectorUsage(models.Model):
    """What one workspace holds, as its limits count it."""

    workspace = models.OneToOneField(
        "accounts.Workspace", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    collections = models.IntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    own_partitions = models.IntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "tai_vector_usage"
        verbose_name = _("vector usage")
        verbose_name_plural = _("vector usage")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    collections__gte=0, rows__gte=0, own_partitions__gte=0, bytes__gte=0
                ),
                name="tai_vector_usage_counts_ck",
            )
        ]


class VectorChange(models.Model):
    """Which rows one committed write changed: what an engine or a copy still has to learn."""

    class Op(models.TextChoices):
        UPSERT = "upsert", _("written")
        DELETE = "delete", _("deleted")
        CLEAR = "clear", _("emptied")

    pk = models.CompositePrimaryKey("collection_id", "seq")
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    collection = models.ForeignKey(
        VectorCollection, on_delete=models.DO_NOTHING, related_name="changes", db_constraint=False
    )
    seq = models.BigIntegerField()
    op = models.CharField(max_length=6, choices=Op.choices)
    ids = ArrayField(models.BigIntegerField(), default=list)
    attempts = models.SmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "tai_vector_changes"
        verbose_name = _("vector change")
        verbose_name_plural = _("vector changes")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(op__in=["upsert", "delete", "clear"]),
                name="tai_vector_changes_op_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(ids__len__lte=1000), name="tai_vector_changes_ids_ck"
            ),
        ]
