"""Retention and archives: each table's policy with what is due, and what left for a file."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from accounts.web.console import may_act
from laojun.admin import keeping
from laojun.admin.console import OperatorAdmin, in_scope
from laojun.models import Archive
from laojun.retention import archives, jobs, side_tables, sweeping

HERE = "admin:laojun_archive_changelist"
KINDS = (jobs.SWEEP, jobs.VERIFY, jobs.LOAD)
MAX_ARCHIVES, MAX_FOUND = 200, 50
MAX_TEXT = 200


@admin.register(Archive)
class ArchiveAdmin(OperatorAdmin):
    """The list is one page: policies, work under way, archives."""

    icon = "inventory_2"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            ("works/", self.works_view, "works"),
            ("sweep/", self.sweep_view, "sweep"),
            ("verification/", self.verification_view, "verification"),
            ("side-table/", self.side_table_view, "side_table"),
            ("search/", self.search_view, "search"),
        ]
        mine = [path(route, wrap(view), name=f"laojun_archive_{key}") for route, view, key in own]
        return [*mine, *super().get_urls()]

    @in_scope
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Retention and archives"),
            "opts": self.opts,
            "outcomes": sweeping.forecast(),
            "archives": Archive.objects.order_by("-range_start", "table_name")[:MAX_ARCHIVES],
            "works": keeping.works(KINDS),
            "works_url": "admin:laojun_archive_works",
            "may_act": may_act(self, request),
        }
        return TemplateResponse(request, "admin/laojun/retention.html", context)

    @in_scope
    def works_view(self, request: HttpRequest) -> HttpResponse:
        return TemplateResponse(
            request,
            "admin/laojun/_works.html",
            {"works": keeping.works(KINDS), "works_url": "admin:laojun_archive_works"},
        )

    @in_scope
    @keeping.posted
    def sweep_view(self, request: HttpRequest) -> HttpResponse:
        return _asked(request, jobs.SWEEP)

    @in_scope
    @keeping.posted
    def verification_view(self, request: HttpRequest) -> HttpResponse:
        return _asked(request, jobs.VERIFY, archive=_archive(request).pk)

    @in_scope
    @keeping.posted
    def side_table_view(self, request: HttpRequest) -> HttpResponse:
        return _asked(request, jobs.LOAD, archive=_archive(request).pk)

    @in_scope
    def search_view(self, request: HttpRequest) -> HttpResponse:
        """The rows of one archive that hold a text."""
        asked = request.GET.get("archive", "")
        if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
            raise Http404
        archive = get_object_or_404(Archive, pk=int(asked))
        text = request.GET.get("q", "")[:MAX_TEXT].strip()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Search inside an archive"),
            "opts": self.opts,
            "archive": archive,
            "text": text,
            "limit": MAX_FOUND,
        }
        try:
            context["rows"] = (
                list(side_tables.peek(archive, text=text, limit=MAX_FOUND)) if text else []
            )
        except archives.ArchiveDamaged as error:
            context["fault"] = str(error)
        return TemplateResponse(request, "admin/laojun/archive_search.html", context)


def _archive(request: HttpRequest) -> Archive:
    return get_object_or_404(Archive, pk=keeping.number(request, "archive"))


def _asked(request: HttpRequest, kind: str, /, **payload: Any) -> HttpResponse:
    keeping.ask(request, kind, "retention.asked", **payload)
    messages.success(request, _("Asked for: a worker does it now."))
    return redirect(HERE)
