"""Files across workspaces: who stores how much, what is lost, and deletion with its trail."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from laojun import file_sweeps, files
from laojun.admin.console import OperatorAdmin, in_scope
from laojun.models import File, FileUsage

TOP = 50


@admin.register(File)
class FileAdmin(OperatorAdmin):
    icon = "folder_open"
    list_display = (
        "original_filename",
        "workspace",
        "user",
        "purpose",
        "mime_type",
        "size",
        "state",
        "created_at",
        "expires_at",
    )
    list_filter = ("state", "purpose", "mime_type", "storage_provider")
    list_select_related = ("workspace", "user")
    search_fields = ("original_filename", "sha256", "entity_id")
    ordering = ("-created_at",)
    actions = ("delete_files",)
    fields = readonly_fields = (
        "id",
        "original_filename",
        "workspace",
        "user",
        "purpose",
        "mime_type",
        "size",
        "sha256",
        "entity_type",
        "entity_id",
        "is_public",
        "state",
        "expires_at",
        "deleted_at",
        "purge_after",
        "created_at",
    )

    def get_urls(self) -> list[URLPattern]:
        own = path("usage/", self.admin_site.admin_view(self.usage_view), name="laojun_file_usage")
        return [own, *super().get_urls()]

    @in_scope
    def usage_view(self, request: HttpRequest) -> HttpResponse:
        """Storage by workspace; a POST compares rows with objects."""
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Storage in use"),
            "opts": self.opts,
            "usage": FileUsage.objects.filter(user=None)
            .select_related("workspace")
            .order_by("-bytes")[:TOP],
            "checked": file_sweeps.check() if request.method == "POST" else None,
        }
        return TemplateResponse(request, "admin/laojun/usage.html", context)

    @display(description=gettext_lazy("size"), ordering="file_size")
    def size(self, file: File) -> str:
        return str(filesizeformat(file.file_size))

    @admin.action(description=gettext_lazy("Delete: hidden at once, bytes gone after two days"))
    def delete_files(self, request: HttpRequest, queryset: QuerySet[File]) -> None:
        deleted = sum(files.delete(file) for file in queryset.filter(state=File.State.STORED))
        messages.success(request, _("%(count)d files are deleted.") % {"count": deleted})
