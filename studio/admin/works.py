"""Works, chapters and versions of every workspace: titles, counts, sizes, states. Never what somebody wrote."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from studio import locks, operating, versions
from studio.models import Chapter, ChapterVersion, Work
from taishang.admin.console import OperatorAdmin, actor, ask


class Unwritten(OperatorAdmin):
    """A list whose rows are looked at and never typed in."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))


@admin.register(Work)
class WorkAdmin(Unwritten):
    """Every work, those of the bin too."""

    icon = "pen"
    list_display = (
        "title",
        "workspace",
        "user",
        "status",
        "chapters_count",
        "total_words",
        "is_published",
        "last_edited_at",
        "deleted_at",
    )
    list_filter = ("status", "language", "is_published", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("title",)
    list_select_related = ("workspace", "user")
    ordering = ("-updated_at",)
    actions = ("restore",)
    exclude = ("description", "settings", "tags")

    @admin.action(description=gettext_lazy("Bring back from the bin"))
    def restore(self, request: HttpRequest, rows: models.QuerySet[Work]) -> HttpResponse | None:
        effect = _("These works stand on their owners' shelves again.")
        question = ask(request, self, action="restore", effect=effect, rows=rows)
        if question is None:
            count = sum(operating.restore(work=work, actor=actor(request)) for work in rows)
            messages.success(request, _("Brought back: %(count)d.") % {"count": count})
        return question


@admin.register(Chapter)
class ChapterAdmin(Unwritten):
    """Chapters by their figures: sizes, revisions, whether search has seen them, who edits them now."""

    icon = "file"
    list_display = (
        "title",
        "work",
        "stage",
        "word_count",
        "revision",
        "indexed_revision",
        "shown_holder",
        "saved_at",
        "deleted_at",
    )
    list_filter = ("stage", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("title", "work__title")
    list_select_related = ("work",)
    ordering = ("-updated_at",)
    actions = ("release",)
    exclude = ("content", "synopsis", "summary", "tags")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Chapter]:
        rows: models.QuerySet[Chapter] = super().get_queryset(request)
        return rows.defer("content", "synopsis", "summary")

    @admin.action(description=gettext_lazy("Let go of the edit lock"))
    def release(self, request: HttpRequest, rows: models.QuerySet[Chapter]) -> HttpResponse | None:
        effect = _("Somebody else can edit these chapters; nothing that was typed is lost.")
        question = ask(request, self, action="release", effect=effect, rows=rows)
        if question is None:
            for chapter in rows:
                operating.release(chapter=chapter, actor=actor(request))
            messages.success(request, _("The locks are gone."))
        return question

    @display(description=gettext_lazy("edited by"))
    def shown_holder(self, chapter: Chapter) -> str:
        holder = locks.holder_of(chapter.pk)
        return holder.user_name if holder else "–"


@admin.register(ChapterVersion)
class ChapterVersionAdmin(Unwritten):
    """Versions by their figures, and what the next run of the retention would remove."""

    icon = "clock"
    list_display = (
        "created_at",
        "chapter",
        "version_number",
        "change_type",
        "author_name",
        "word_count",
        "shown_bytes",
        "is_kept",
        "valid_until",
    )
    list_filter = ("change_type", "is_kept")
    list_select_related = ("chapter",)
    ordering = ("-created_at",)
    actions = ("rehearse",)
    exclude = ("content", "diff_summary", "label")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ChapterVersion]:
        rows: models.QuerySet[ChapterVersion] = super().get_queryset(request)
        return rows.defer("content", "chapter__content")

    @admin.action(description=gettext_lazy("What would expire now?"))
    def rehearse(self, request: HttpRequest, rows: models.QuerySet[ChapterVersion]) -> None:
        due = versions.expire(now=timezone.now(), dry_run=True)
        held = versions.storage()
        facts = {
            "due": due,
            "versions": held["versions"],
            "size": filesizeformat(held["bytes"]),
        }
        told = _("%(due)d of %(versions)d versions (%(size)s) would go now.") % facts
        messages.info(request, told)

    @display(description=gettext_lazy("size"))
    def shown_bytes(self, version: ChapterVersion) -> str:
        return filesizeformat(version.bytes)
