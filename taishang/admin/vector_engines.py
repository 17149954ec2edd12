"""Generations of vector indexes in the console, and the page of the engines."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from accounts import tenancy
from taishang.admin.console import OperatorAdmin, actor, ask, in_scope
from taishang.models import VectorIndex
from taishang.vectors import asking, outbox, overview
from taishang.vectors.collections import By

COLOURS = {
    "queued": "info",
    "building": "info",
    "ready": "success",
    "retiring": "warning",
    "failed": "danger",
    "cancelled": "warning",
}


@admin.register(VectorIndex)
class VectorIndexAdmin(OperatorAdmin):
    icon = "hub"
    list_display = (
        "collection",
        "generation",
        "backend",
        "kind",
        "shown_state",
        "is_active",
        "rows",
        "size",
        "seq",
        "built_at",
    )
    list_filter = ("backend", "state", "kind", "is_active")
    list_select_related = ("collection",)
    search_fields = ("collection__name", "collection__id__exact")
    ordering = ("-created_at",)
    actions = ("reconcile", "rebuild", "publish")
    readonly_fields = fields = (
        "collection",
        "workspace",
        "generation",
        "backend",
        "kind",
        "precision",
        "shown_params",
        "shown_state",
        "is_active",
        "rows",
        "size",
        "seq",
        "phase",
        "progress",
        "started_at",
        "built_at",
        "error",
    )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [path("engines/", view(self.engines), name="vector_engines"), *super().get_urls()]

    @in_scope
    def engines(self, request: HttpRequest) -> HttpResponse:
        """All engines at a glance; htmx asks for the part alone every five seconds."""
        context = {
            **self.admin_site.each_context(request),
            **overview.snapshot(),
            "title": _("Vector engines"),
        }
        name = "_vector_engines" if request.headers.get("HX-Request") else "vector_engines"
        return TemplateResponse(request, f"admin/taishang/{name}.html", context)

    @admin.action(description=gettext_lazy("Compare with the database"))
    def reconcile(
        self, request: HttpRequest, rows: models.QuerySet[VectorIndex]
    ) -> HttpResponse | None:
        effect = _("The engine's rows are compared with the database's; what differs is mended.")
        return self._ask_for(request, rows, "reconcile", outbox.RECONCILE, effect)

    @admin.action(description=gettext_lazy("Build anew"))
    def rebuild(
        self, request: HttpRequest, rows: models.QuerySet[VectorIndex]
    ) -> HttpResponse | None:
        effect = _("A new generation is filled beside the present one, which serves until then.")
        return self._ask_for(request, rows, "rebuild", outbox.REBUILD, effect)

    @admin.action(description=gettext_lazy("Publish what waits"))
    def publish(
        self, request: HttpRequest, rows: models.QuerySet[VectorIndex]
    ) -> HttpResponse | None:
        effect = _("Changes that wait are sent to the engine now.")
        return self._ask_for(request, rows, "publish", outbox.PUBLISH, effect)

    def _ask_for(
        self,
        request: HttpRequest,
        rows: models.QuerySet[VectorIndex],
        action: str,
        kind: str,
        effect: str,
    ) -> HttpResponse | None:
        question = ask(request, self, action=action, effect=effect, rows=rows)
        if question is not None:
            return question
        chosen = {
            row.collection_id: row.collection
            for row in rows.exclude(backend="pgvector").select_related("collection")
        }
        for collection in chosen.values():
            with tenancy.workspace(collection.workspace_id):
                asking.ask(kind=kind, collection=collection, by=By(actor(request)))
        messages.success(
            request,
            ngettext("Asked for %(count)d task.", "Asked for %(count)d tasks.", len(chosen))
            % {"count": len(chosen)},
        )
        return None

    @display(description=gettext_lazy("state"), label=COLOURS, ordering="state")
    def shown_state(self, index: VectorIndex) -> tuple[str, str]:
        return index.state, str(index.get_state_display())

    @display(description=gettext_lazy("size"), ordering="bytes")
    def size(self, index: VectorIndex) -> str:
        return filesizeformat(index.bytes) if index.bytes else "–"

    @display(description=gettext_lazy("settings"))
    def shown_params(self, index: VectorIndex) -> str:
        return (
            ", ".join(
                f"{name} = {value}" for name, value in index.params.items() if value is not None
            )
            or "–"
        )
