"""Collections: made, changed, deleted for seven days, restored, and counted again.

Purging, which touches partitions, is in `purging`; the rows are written by `writing` and `deleting`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.authentication import Principal
from laojun import audit
from laojun.audit import Actor
from taishang.models import VectorCollection, VectorState
from taishang.models.vectors import DEFAULT_INDEX_PARAMS, MAX_INDEXED
from taishang.vectors import ceilings
from taishang.vectors.backends import base

RESTORABLE = timedelta(days=7)
NAME = re.compile(r"[^\W_][\w-]{0,62}")
# Settled with the first row; a change would make what is stored mean something else.
SETTLED = ("dimension", "metric", "backend", "model_id")
# A change of these leaves the index as it was built, until it is built again.
SHAPES_INDEX = ("index_type", "index_params", "precision", "filterable")
CHANGEABLE = (
    "name",
    "description",
    *SETTLED,
    *SHAPES_INDEX,
    "oversample",
    "ef_search",
    "keyword_enabled",
    "recall_target",
    "sample_queries",
    "shard_count",
    "replication",
    "status",
)


class NameTaken(Exception):
    """Another live collection of the workspace has this name."""

    code = "name_taken"


class ManagedCollection(Exception):
    """An app of the platform keeps this collection; only that app changes it."""

    code = "managed_collection"

    def __init__(self, managed_by: str) -> None:
        super().__init__(managed_by)
        self.members = {"managed_by": managed_by}


class CollectionNotEmpty(Exception):
    """Rows exist, so these fields are settled."""

    code = "collection_not_empty"

    def __init__(self, fields: list[str]) -> None:
        super().__init__(", ".join(fields))
        self.members = {"fields": fields}


class OverIndexLimit(Exception):
    """The index kind cannot hold so many dimensions at this precision. The detail names limit and way out."""

    code = "dimension_over_index_limit"

    def __init__(self, *, dimension: int, precision: str) -> None:
        super().__init__(precision)
        limit = MAX_INDEXED[precision]
        self.members = {"limit": limit, "precision": precision}
        allows_half = dimension <= MAX_INDEXED["halfvec"]
        self.detail = (
            _("An index of %(precision)s vectors holds up to %(limit)s dimensions; %(way)s.")
        ) % {
            "precision": precision,
            "limit": limit,
            "way": _("halfvec allows 4,000")
            if allows_half
            else _("choose binary with re-ranking, or flat"),
        }


class BackendUnavailable(Exception):
    """The engine of this name cannot be used here. The detail says why and what brings it."""

    code = "backend_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.detail = reason


class SearchRefused(Exception):
    """Settings that do not fit each other; the detail says which."""

    code = "search_refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True)
class By:
    """Who acts: for the audit log, and the person to remember."""

    actor: Actor
    user_id: UUID | None = None

    @classmethod
    def principal(cls, principal: Principal) -> By:
        return cls(Actor.of_principal(principal), principal.user.id if principal.user else None)


def clean_name(text: str) -> str:
    """The name in composed form (NFC). Raises ValueError unless it is letters, digits, `_` and `-`."""
    name = unicodedata.normalize("NFC", text.strip())
    if not NAME.fullmatch(name):
        raise ValueError(text)
    return name


def create(
    *, workspace_id: int, by: By, values: Mapping[str, Any], managed_by: str = ""
) -> VectorCollection:
    """Make an empty collection from checked `values` (fields of the model).

    Raises NameTaken, OverIndexLimit, SearchRefused, BackendUnavailable, LimitReached. Four statements.
    """
    collection = VectorCollection(
        workspace_id=workspace_id, created_by_id=by.user_id, managed_by=managed_by, **values
    )
    collection.index_params = {**DEFAULT_INDEX_PARAMS, **collection.index_params}
    _check(collection)
    ceilings.open_account(workspace_id)
    ceilings.take(workspace_id=workspace_id, what="collections")
    _save(collection, force_insert=True)
    VectorState.objects.create(collection=collection, workspace_id=workspace_id)
    _record(by, "create", collection, after=shown(collection))
    return collection


def ensure(
    *, workspace_id: int, name: str, managed_by: str, dimension: int, **values: Any
) -> VectorCollection:
    """The collection an app of the platform keeps under this name, made at the first call."""
    mine = VectorCollection.objects.alive().filter(workspace_id=workspace_id, name=name)
    found = mine.first()
    if found is not None:
        if found.managed_by != managed_by or found.dimension != dimension:
            raise NameTaken(name)
        return found
    try:
        with transaction.atomic():
            return create(
                workspace_id=workspace_id,
                by=By(Actor.system(managed_by)),
                values={"name": name, "dimension": dimension, **values},
                managed_by=managed_by,
            )
    except NameTaken:
        return mine.get(managed_by=managed_by, dimension=dimension)


def change(*, collection: VectorCollection, by: By, values: Mapping[str, Any]) -> VectorCollection:
    """Set fields of `CHANGEABLE`. The caller has locked the row.

    Raises ManagedCollection, CollectionNotEmpty, NameTaken, OverIndexLimit, SearchRefused, BackendUnavailable.
    """
    require_unmanaged(collection)
    moved = {name: value for name, value in values.items() if getattr(collection, name) != value}
    settled = [name for name in SETTLED if name in moved]
    if settled and VectorState.objects.filter(collection=collection, rows__gt=0).exists():
        raise CollectionNotEmpty(settled)
    if not moved:
        return collection
    before = shown(collection)
    for name, value in moved.items():
        setattr(collection, name, value)
    _check(collection)
    _save(collection, update_fields=[*moved, "updated_at"])
    _record(by, "change", collection, before=before, after=shown(collection))
    return collection


def delete(*, collection: VectorCollection, by: By) -> None:
    """Hide a collection at once; it can be restored for seven days. Raises ManagedCollection."""
    require_unmanaged(collection)
    hidden = VectorCollection.objects.alive().filter(pk=collection.pk)
    if not hidden.update(deleted_at=timezone.now(), updated_at=timezone.now()):
        return
    ceilings.give_back(workspace_id=collection.workspace_id, what="collections")
    _record(by, "delete", collection, before={"name": collection.name})


def restore(*, collection: VectorCollection, by: By) -> VectorCollection:
    """Bring a deleted collection back with all its rows. Raises NameTaken, LimitReached."""
    ceilings.take(workspace_id=collection.workspace_id, what="collections")
    collection.deleted_at = None
    _save(collection, update_fields=["deleted_at", "updated_at"])
    _record(by, "restore", collection, after={"name": collection.name})
    return collection


def require_unmanaged(collection: VectorCollection) -> None:
    """Raises ManagedCollection."""
    if collection.managed_by:
        raise ManagedCollection(collection.managed_by)


def shown(collection: VectorCollection) -> dict[str, Any]:
    """The fields that people set, for the audit log."""
    return {name: getattr(collection, name) for name in CHANGEABLE}


def _record(by: By, verb: str, collection: VectorCollection, **changes: Any) -> None:
    audit.record(
        actor=by.actor,
        action=f"vector_collection.{verb}",
        target=("vector_collection", collection.pk),
        **changes,
    )


def _save(collection: VectorCollection, **options: Any) -> None:
    try:
        with transaction.atomic():
            collection.save(**options)
            collection.refresh_from_db(fields=["version"])
    except IntegrityError as error:
        if "tai_vector_collections_name_uniq" in str(error):
            raise NameTaken(collection.name) from error
        raise


def _check(collection: VectorCollection) -> None:
    limit = MAX_INDEXED[collection.precision]
    indexed = collection.backend == "pgvector" and collection.index_type != "flat"
    if indexed and collection.dimension > limit:
        raise OverIndexLimit(dimension=collection.dimension, precision=collection.precision)
    if not collection.keep_embedding:
        raise SearchRefused(_("The database always keeps the vectors; engines hold copies."))
    if collection.precision == "binary" and collection.metric == "l2":
        raise SearchRefused(_("Binary precision needs the metric cosine or ip."))
    if collection.backend != "pgvector":
        _check_engine(collection)
    elif (collection.shard_count, collection.replication) != (1, 1):
        raise SearchRefused(_("Shards and replicas belong to the backend milvus."))
    params = collection.index_params
    if params["ef_construction"] < 2 * params["m"]:
        raise SearchRefused(_("`ef_construction` must be at least twice `m`."))


def _check_engine(collection: VectorCollection) -> None:
    try:
        engine = base.get(collection.backend)
    except base.EngineError as error:
        raise BackendUnavailable(error.reason) from error
    found = engine.probe()
    if not found.available:
        raise BackendUnavailable(found.reason)
    if collection.index_type not in engine.kinds:
        raise SearchRefused(
            _("%(backend)s has no index of this kind.") % {"backend": collection.backend}
        )
    if collection.backend != "milvus" and (collection.shard_count, collection.replication) != (
        1,
        1,
    ):
        raise SearchRefused(_("Shards and replicas belong to the backend milvus."))
