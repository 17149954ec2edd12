"""Rows deleted by a condition: counted first if asked, then removed in batches by a task with a bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.authentication import Principal
from laojun import audit
from laojun.audit import Actor
from taishang.models import Task, VectorCollection
from taishang.runs import Run
from taishang.vectors import collections, deleting, following, hidden, rows
from taishang.vectors.filters import parsing
from taishang.vectors.filters.compiling import Condition, compiled
from taishang.vectors.filters.parsing import FilterInvalid
from taishang.vectors.queries import QueryInvalid
from taishang.vectors.rows import RowFault

KIND = following.DELETE
UNNAMED = "_default"
WAYS = ("filter", "namespace", "all")


@dataclass(frozen=True)
class Wish:
    """Which rows: `payload` as the task keeps it, `condition` over the rows `v`."""

    payload: dict[str, Any]
    condition: Condition


def read(body: Mapping[str, Any], collection: VectorCollection) -> Wish:
    """The wish in a request's body: one of filter, namespace, all. Raises QueryInvalid."""
    given = [name for name in WAYS if body.get(name) not in (None, False)]
    if len(given) != 1:
        detail = "Send exactly one of ids, filter, namespace and all."
        raise QueryInvalid([("", "one_of", detail)])
    if given == ["namespace"]:
        try:
            return of_namespace(rows.namespace_of(body["namespace"]))
        except RowFault as fault:
            raise QueryInvalid([("/namespace", fault.code, fault.detail)]) from fault
    if given == ["all"]:
        if body["all"] is not True:
            raise QueryInvalid([("/all", "invalid", "true.")])
        return Wish({"all": True}, hidden.VISIBLE)
    return _of_filter(body["filter"], collection)


def of_namespace(name: str) -> Wish:
    return Wish({"namespace": name}, Condition("v.namespace = %s", (name,)))


def ask(
    *,
    collection: VectorCollection,
    wish: Wish,
    principal: Principal,
    enqueue: Callable[..., Task],
) -> Task:
    """Ask for the task that deletes. Raises ManagedCollection."""
    collections.require_unmanaged(collection)
    audit.record(
        actor=principal,
        action="vector_collection.delete_rows",
        target=("vector_collection", collection.pk),
        details=wish.payload,
    )
    return enqueue(
        kind=KIND,
        payload={"collection": collection.pk, **wish.payload},
        workspace=collection.workspace_id,
        user=principal.user,
        subject_type="vector_collection",
        subject_id=str(collection.pk),
    )


def run(run: Run) -> None:
    """The task: batches until none is left. A second attempt goes on where the first one stopped."""
    with run.database():
        collection = VectorCollection.objects.get(pk=run.payload["collection"])
        wish = _wish_of(run.payload, collection)
        total = deleting.count(collection=collection, condition=wish.condition)
    gone = 0
    while True:
        run.check()
        with run.database():
            count = deleting.delete_some(collection=collection, condition=wish.condition)
        if not count:
            break
        gone += count
        run.progress(min(gone, total), total)
    with run.finish({"deleted": gone}):
        audit.record(
            actor=Actor.system("vectors"),
            action="vector_collection.delete_rows",
            target=("vector_collection", collection.pk),
            details={**wish.payload, "deleted": gone},
        )


def _wish_of(payload: Mapping[str, Any], collection: VectorCollection) -> Wish:
    if "namespace" in payload:
        return of_namespace(payload["namespace"])
    return (
        Wish({"all": True}, hidden.VISIBLE)
        if "all" in payload
        else _of_filter(payload["filter"], collection)
    )


def _of_filter(raw: Any, collection: VectorCollection) -> Wish:
    types = {one["path"]: one["type"] for one in collection.filterable}
    try:
        node = parsing.parse(raw, types)
    except FilterInvalid as error:
        faults = [(f"/filter{fault.pointer}", fault.code, fault.detail) for fault in error.faults]
        raise QueryInvalid(faults) from error
    return Wish({"filter": raw}, compiled(node, alias="v") & hidden.VISIBLE)
