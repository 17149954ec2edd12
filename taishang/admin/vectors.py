"""Vector collections in the console: sizes, placement, index, lag, and what an operator may start or stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts import tenancy
from accounts.admin.base import Rows, with_reason
from accounts.tenancy import Context
from taishang.admin.console import OperatorAdmin, actor
from taishang.models import VectorCollection, VectorIndex, VectorRecallRun
from taishang.vectors import asking, collections
from taishang.vectors.collections import By

Deed = Callable[[VectorCollection, By], Any]


class IndexRows(Rows):
    model = VectorIndex
    verbose_name_plural = gettext_lazy("vector indexes")
    fields = ("generation", "kind", "precision", "state", "is_active", "rows", "bytes", "built_at")
    readonly_fields = fields
    ordering = ("-generation",)
    show_change_link = False


class RecallRows(Rows):
    model = VectorRecallRun
    verbose_name_plural = gettext_lazy("recall measurements")
    fields = ("created_at", "verdict", "reason", "sample", "recommended_ef", "target")
    readonly_fields = fields
    ordering = ("-created_at",)
    show_change_link = False


@admin.register(VectorCollection)
class VectorCollectionAdmin(OperatorAdmin):
    icon = "scatter_plot"
    list_display = (
        "name",
        "workspace",
        "dimension",
        "backend",
        "shown_rows",
        "shown_size",
        "placement",
        "shown_index",
        "shown_lag",
        "last_write",
        "is_deleted",
    )
    list_filter = ("backend", "placement", "status", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace", "state")
    search_fields = ("name",)
    ordering = ("-pk",)
    actions = ("build", "measure", "freeze", "thaw", "hide", "bring_back")
    inlines = (IndexRows, RecallRows)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "workspace", "status"),
                    ("dimension", "metric", "backend"),
                    ("index_type", "precision", "placement"),
                    ("shown_rows", "shown_size", "shown_lag"),
                    ("last_write", "is_deleted"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[VectorCollection]:
        active = VectorIndex.objects.filter(collection=models.OuterRef("pk"), is_active=True)
        return (
            super()
            .get_queryset(request)
            .annotate(generation=models.Subquery(active.values("generation")[:1]))
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))

    @admin.action(description=gettext_lazy("Build the index"))
    def build(
        self, request: HttpRequest, rows: models.QuerySet[VectorCollection]
    ) -> HttpResponse | None:
        effect = _("A new index is built beside the present one, which serves until it is ready.")
        return self._done(request, rows, effect, _asked("vectors.index"))

    @admin.action(description=gettext_lazy("Measure recall"))
    def measure(
        self, request: HttpRequest, rows: models.QuerySet[VectorCollection]
    ) -> HttpResponse | None:
        effect = _("A hundred rows are searched exactly and by the index.")
        return self._done(request, rows, effect, _asked("vectors.recall"))

    @admin.action(description=gettext_lazy("Make read-only"))
    def freeze(
        self, request: HttpRequest, rows: models.QuerySet[VectorCollection]
    ) -> HttpResponse | None:
        effect = _("Nobody can write or delete vectors there; searches go on.")
        return self._done(request, rows, effect, _set("readonly"))

    @admin.action(description=gettext_lazy("Make writable"))
    def thaw(
        self, request: HttpRequest, rows: models.QuerySet[VectorCollection]
    ) -> HttpResponse | None:
        effect = _("Vectors can be written and deleted there again.")
        return self._done(request, rows, effect, _set("active"))

    @admin.action(description=gettext_lazy("Delete"))
    def hide(
        self, request: HttpRequest, rows: models.QuerySet[VectorCollection]
    ) -> HttpResponse | None:
        effect = _("The collections disappear at once. They can be restored for seven days.")
        return self._done(
            request,
            rows.filter(deleted_at__isnull=True),
            effect,
            lambda collection, by: collections.delete(collection=collection, by=by),
        )

    @admin.action(description=gettext_lazy("Restore"))
    def bring_back(
        self, request: HttpRequest, rows: models.QuerySet[VectorCollection]
    ) -> HttpResponse | None:
        effect = _("Deleted collections come back with all their rows.")
        return self._done(
            request,
            rows.filter(deleted_at__isnull=False),
            effect,
            lambda collection, by: collections.restore(collection=collection, by=by),
        )

    @display(description=gettext_lazy("rows"), ordering="state__rows")
    def shown_rows(self, collection: VectorCollection) -> int:
        return collection.state.rows

    @display(description=gettext_lazy("size"), ordering="state__bytes")
    def shown_size(self, collection: VectorCollection) -> str:
        return filesizeformat(collection.state.bytes)

    @display(description=gettext_lazy("index"))
    def shown_index(self, collection: VectorCollection) -> str:
        generation = getattr(collection, "generation", None)
        return f"{collection.index_type} g{generation}" if generation else "–"

    @display(description=gettext_lazy("lag"))
    def shown_lag(self, collection: VectorCollection) -> str:
        if collection.backend == "pgvector":
            return "–"
        return str(collection.state.write_seq - collection.state.published_seq)

    @display(description=gettext_lazy("last written"), ordering="state__last_write_at")
    def last_write(self, collection: VectorCollection) -> Any:
        return collection.state.last_write_at or "–"

    @display(description=gettext_lazy("deleted"), boolean=True)
    def is_deleted(self, collection: VectorCollection) -> bool:
        return collection.deleted_at is not None

    def _done(
        self,
        request: HttpRequest,
        rows: models.QuerySet[VectorCollection],
        effect: str,
        deed: Deed,
    ) -> HttpResponse | None:
        """Ask for a reason, then do it in each collection's own workspace, as the operator."""

        def run(collection: Any, reason: str) -> None:
            context = Context(user_id=request.user.pk, workspace_id=collection.workspace_id)
            with tenancy.entered(context):
                deed(collection, By(actor(request), None))

        return with_reason(self, request, rows, effect=effect, run=run)


def _asked(kind: str) -> Deed:
    return lambda collection, by: asking.ask(kind=kind, collection=collection, by=by)


def _set(status: str) -> Deed:
    return lambda collection, by: collections.change(
        collection=collection, by=by, values={"status": status}
    )
