"""What vector collections tell the registries: rights, settings, limits, problems, audited deeds."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import EVERYBODY, MANAGERS, WRITERS
from accounts.registry import (
    ConsoleRight,
    DeletionStep,
    LimitClass,
    NavigationEntry,
    Schedule,
    Usage,
)
from laojun.declarations import entries
from laojun.definitions import GLOBAL, INTEGER, WORKSPACE, Definition, define
from taishang.catalogue import uses
from taishang.vectors import ceilings, following, naming, orphans, recounting, retention

DATA_ENGINEER = frozenset({"data_engineer"})
ANALYST = frozenset({"analyst"})
MINUTE = 60
UPSERT_BYTES = 16 * 1024 * 1024
RIGHTS = (
    (
        "vector.collection.view",
        "查看向量集合",
        "See vector collections",
        EVERYBODY | DATA_ENGINEER | ANALYST,
        "low",
    ),
    (
        "vector.collection.query",
        "检索向量集合",
        "Search vector collections",
        WRITERS | DATA_ENGINEER | ANALYST,
        "low",
    ),
    (
        "vector.collection.create",
        "新建向量集合",
        "Make vector collections",
        WRITERS | DATA_ENGINEER,
        "low",
    ),
    (
        "vector.collection.update",
        "修改向量集合",
        "Change vector collections",
        WRITERS | DATA_ENGINEER,
        "low",
    ),
    (
        "vector.collection.delete",
        "删除向量集合",
        "Delete vector collections",
        WRITERS | DATA_ENGINEER,
        "high",
    ),
    (
        "vector.index.manage",
        "管理向量索引",
        "Manage vector indexes",
        MANAGERS | DATA_ENGINEER,
        "low",
    ),
    ("vector.rows.upsert", "写入向量", "Write vectors", WRITERS | DATA_ENGINEER, "low"),
    ("vector.rows.delete", "删除向量", "Delete vectors", WRITERS | DATA_ENGINEER, "high"),
)
ACTIONS = {
    "vector_collection.create": _("made a vector collection"),
    "vector_collection.change": _("changed a vector collection"),
    "vector_collection.delete": _("deleted a vector collection"),
    "vector_collection.restore": _("restored a vector collection"),
    "vector_collection.purge": _("removed a vector collection for good"),
    "vector_collection.delete_rows": _("deleted vectors by a condition"),
    "vector_collection.ask": _("asked for work on a vector collection"),
    "vector_collection.promote": _("gave a vector collection its own partition"),
    "vector_collection.index_build": _("built the index of a vector collection"),
    "vector_collection.index_drop": _("dropped the index of a vector collection"),
    "vector_collection.repair": _("repaired the counters of a vector collection"),
}
BOTH = frozenset({GLOBAL, WORKSPACE})
# Key, default, lowest, highest, where it may be set, title, unit.
SETTINGS = (
    ("promote_rows", 10_000, 100, 1_000_000, BOTH, _("Rows that get an own partition"), ""),
    ("exact_max", 20_000, 100, 1_000_000, BOTH, _("Filtered rows searched exactly"), ""),
    ("query_timeout_ms", 2_000, 50, 10_000, BOTH, _("Longest search"), "ms"),
    ("max_partitions", 500, 0, 5_000, frozenset({GLOBAL}), _("Own partitions in all"), ""),
    ("workspace_collections", 100, 0, 10_000, BOTH, _("Vector collections"), ""),
    ("workspace_rows", 1_000_000, 0, 100_000_000, BOTH, _("Vectors"), ""),
    ("workspace_partitions", 20, 0, 500, BOTH, _("Own partitions"), ""),
    ("build_memory_mb", 256, 16, 65_536, frozenset({GLOBAL}), _("Memory of an index build"), "MB"),
    ("build_workers", 2, 0, 32, frozenset({GLOBAL}), _("Helpers of an index build"), ""),
    ("embed_batch", 32, 1, 256, frozenset({GLOBAL}), _("Texts embedded at once"), ""),
)
PROBLEMS = (
    (
        "managed_collection",
        403,
        _("Another part of the platform keeps this collection"),
        _("It can be searched here; it is written where it belongs."),
    ),
    (
        "collection_not_empty",
        409,
        _("The collection holds vectors already"),
        _(
            "Dimension, metric, backend and model are settled with the first row; make another collection."
        ),
    ),
    (
        "dimension_over_index_limit",
        422,
        _("This index cannot hold so many dimensions"),
        _("Choose another precision, or no index."),
    ),
    ("backend_unavailable", 422, _("This backend is not available here"), _("Choose pgvector.")),
    (
        "build_running",
        409,
        _("The index is being built already"),
        _("Wait for the task named in `task_id`, or cancel it first."),
    ),
    (
        "model_mismatch",
        422,
        _("The model answered with vectors of another shape"),
        _("Choose an embedding model with the collection's dimension."),
    ),
    (
        "collection_readonly",
        409,
        _("The collection is read-only"),
        _("Make it writable again in its settings."),
    ),
    (
        "collection_moving",
        503,
        _("The collection is being moved"),
        _("Send the same request again in a moment."),
    ),
    (
        "rows_rejected",
        422,
        _("Some rows were refused, so nothing was written"),
        _("See `results` for the reason of each, or send the good ones with `mode` partial."),
    ),
    (
        "no_embedding_model",
        422,
        _("The collection has no model that reads texts"),
        _("Send a vector, search by words alone, or choose an embedding model."),
    ),
    (
        "wrong_dimension",
        422,
        _("The vector has another dimension than the collection"),
        _("Send as many numbers as the collection's dimension."),
    ),
    (
        "search_refused",
        422,
        _("This collection cannot be searched in this way"),
        _("See the detail."),
    ),
)
LIMITS = (
    ("vector.query", _("Searches in vectors"), 600),
    ("vector.write", _("Writes of vectors"), 120),
)


def declare() -> None:
    entries.rights(RIGHTS)
    entries.actions(ACTIONS)
    entries.problems(PROBLEMS)
    entries.places(
        NavigationEntry(
            key="vectors",
            label=_("Collections"),
            url_name="vectors",
            icon="cube",
            order=40,
            permission="vector.collection.view",
        )
    )
    for name, default, low, high, scopes, title, unit in SETTINGS:
        define(
            Definition(
                key=f"vectors.{name}",
                kind=INTEGER,
                default=default,
                low=low,
                high=high,
                scopes=scopes,
                capped=WORKSPACE in scopes,
                group="vectors",
                title=title,
                unit=unit,
            )
        )
    for what, label in (("collections", _("Vector collections")), ("rows", _("Vectors"))):
        key = f"vectors.{what}"
        registry.usages.add(key, Usage(key, label, partial(ceilings.measured, what)))
    for name, label, limit in LIMITS:
        registry.limit_classes.add(name, LimitClass(name, label, limit, MINUTE, "caller"))
    registry.body_limits.add("/api/v1/collections/", UPSERT_BYTES)
    registry.deletion_steps.add(
        "taishang.remove_vectors",
        DeletionStep("taishang.remove_vectors", retention.remove_vectors, 25),
    )
    entries.schedules(
        Schedule("vectors.sweep", following.sweep, every_s=60, queue="vectors"),
        Schedule(
            "vectors.recount",
            recounting.recount_all,
            cron="0 5 * * *",
            queue="vectors",
            label=_("Compare the counters of vector collections"),
        ),
        Schedule("vectors.orphans", orphans.sweep, every_s=60, queue="vectors"),
    )
    registry.console_rights.add(
        "taishang.vectorcollection", ConsoleRight("vector.collection.view", "vector.index.manage")
    )
    uses.probes.add("vector_collections", naming.collections_of)
    uses.address_holders.add("vector_collections", naming.is_named)
    for policy in retention.POLICIES:
        registry.retention_policies.add(policy.table, policy)
