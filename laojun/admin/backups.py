"""Backups: what was saved, whether it is whole, whether it restores, and the command that restores it."""

import shlex
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.web.console import may_act
from laojun.admin import keeping
from laojun.admin.console import OperatorAdmin, in_scope
from laojun.backups import jobs, manifest, timetable
from laojun.models import Backup

HERE = "admin:laojun_backup_changelist"
KINDS = (jobs.BACKUP, jobs.DRILL, jobs.VERIFY)
SHOWN = 100


@admin.register(Backup)
class BackupAdmin(OperatorAdmin):
    """The list is one page. Restoring is never a button: it is a command, which stands here to be copied."""

    icon = "backup"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            ("works/", self.works_view, "works"),
            ("making/", self.making_view, "making"),
            ("drill/", self.drill_view, "drill"),
            ("verification/", self.verification_view, "verification"),
        ]
        mine = [path(route, wrap(view), name=f"laojun_backup_{key}") for route, view, key in own]
        return [*mine, *super().get_urls()]

    @in_scope
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = Backup.objects.exclude(state=Backup.State.PRUNED).order_by("-started_at")[:SHOWN]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Backups"),
            "opts": self.opts,
            "backups": [_shown(one) for one in found],
            "is_late": timetable.is_late(timezone.now()),
            "works": keeping.works(KINDS),
            "works_url": "admin:laojun_backup_works",
            "public_key": manifest.public_key(),
            "folder": settings.BACKUP_DIR,
            "may_act": may_act(self, request),
        }
        return TemplateResponse(request, "admin/laojun/backups.html", context)

    @in_scope
    def works_view(self, request: HttpRequest) -> HttpResponse:
        return TemplateResponse(
            request,
            "admin/laojun/_works.html",
            {"works": keeping.works(KINDS), "works_url": "admin:laojun_backup_works"},
        )

    @in_scope
    @keeping.posted
    def making_view(self, request: HttpRequest) -> HttpResponse:
        return _asked(request, jobs.BACKUP, kind=Backup.Kind.MANUAL.value)

    @in_scope
    @keeping.posted
    def drill_view(self, request: HttpRequest) -> HttpResponse:
        return _asked(request, jobs.DRILL)

    @in_scope
    @keeping.posted
    def verification_view(self, request: HttpRequest) -> HttpResponse:
        backup = get_object_or_404(Backup, pk=keeping.number(request, "backup"))
        return _asked(request, jobs.VERIFY, backup=backup.pk)


def _asked(request: HttpRequest, kind: str, /, **payload: Any) -> HttpResponse:
    keeping.ask(request, kind, "backup.asked", **payload)
    messages.success(request, _("Asked for: a worker does it now."))
    return redirect(HERE)


def _shown(backup: Backup) -> dict[str, Any]:
    usable = backup.state == Backup.State.OK
    command = f"python manage.py restore {shlex.quote(backup.path)} --swap" if usable else ""
    return {"row": backup, "command": command, "seen_as": SEEN_AS[backup.state]}


# The words of states that every page shares.
SEEN_AS = {
    "running": "running",
    "ok": "succeeded",
    "failed": "failed",
    "corrupt": "failed",
    "pruned": "cancelled",
}
