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

from accounts.admin.base import with_reason
from studio import locks, operating, versions
from studio.admin.opening import WorkPages
from studio.models import Chapter, ChapterVersion, Publication, Work
from taishang.admin.console import OperatorAdmin, actor, ask


class Unwritten(OperatorAdmin):
    """A list whose rows are looked at and never typed in."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))


@admin.register(Work)
class WorkAdmin(WorkPages, Unwritten):
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
    actions = ("restore", "unpublish", "index_anew", "count_again", "mend")
    exclude = ("description", "settings", "tags")
    change_form_before_template = "admin/studio/work.html"

    @admin.action(description=gettext_lazy("Bring back from the bin"))
    def restore(self, request: HttpRequest, rows: models.QuerySet[Work]) -> HttpResponse | None:
        effect = _("These works stand on their owners' shelves again.")
        question = ask(request, self, action="restore", effect=effect, rows=rows)
        if question is None:
            count = sum(operating.restore(work=work, actor=actor(request)) for work in rows)
            messages.success(request, _("Brought back: %(count)d.") % {"count": count})
        return question

    @admin.action(description=gettext_lazy("Hide from readers"))
    def unpublish(self, request: HttpRequest, rows: models.QuerySet[Work]) -> HttpResponse | None:
        def run(work: Any, reason: str) -> None:
            operating.take_down(work=work, actor=actor(request), reason=reason)

        effect = _("Readers find nothing of these works at once. Their owners are told the reason.")
        return with_reason(self, request, rows.select_related("user"), effect=effect, run=run)

    @admin.action(description=gettext_lazy("Make the search index anew"))
    def index_anew(self, request: HttpRequest, rows: models.QuerySet[Work]) -> HttpResponse | None:
        effect = _("Index and counts of names are made anew within minutes; search goes on.")
        question = ask(request, self, action="index_anew", effect=effect, rows=rows)
        if question is None:
            for work in rows:
                operating.index_anew(work=work, actor=actor(request))
            messages.success(request, _("The index is being made anew."))
        return question

    @admin.action(description=gettext_lazy("Are the counts right?"))
    def count_again(self, request: HttpRequest, rows: models.QuerySet[Work]) -> None:
        wrong = sum(
            operating.count_again(work=work, actor=actor(request), fix=False) for work in rows
        )
        messages.info(request, _("Rows with wrong counts: %(count)d.") % {"count": wrong})

    @admin.action(description=gettext_lazy("Mend the counts"))
    def mend(self, request: HttpRequest, rows: models.QuerySet[Work]) -> HttpResponse | None:
        effect = _("Words, hashes and copies of tags are counted from the texts and written.")
        question = ask(request, self, action="mend", effect=effect, rows=rows)
        if question is None:
            mended = sum(
                operating.count_again(work=work, actor=actor(request), fix=True) for work in rows
            )
            messages.success(request, _("Mended: %(count)d.") % {"count": mended})
        return question


@admin.register(Publication)
class PublicationAdmin(Unwritten):
    """What readers can find: whose it is, who may read it, since when."""

    icon = "globe"
    list_display = (
        "title",
        "workspace",
        "work",
        "visibility",
        "published_at",
        "withdrawn_at",
    )
    list_filter = ("visibility", ("withdrawn_at", admin.EmptyFieldListFilter))
    search_fields = ("title", "work__title")
    list_select_related = ("workspace", "work")
    ordering = ("-published_at",)
    actions = ("take_down",)
    exclude = ("slug", "blurb", "cover_file_id")

    @admin.action(description=gettext_lazy("Take down"))
    def take_down(
        self, request: HttpRequest, rows: models.QuerySet[Publication]
    ) -> HttpResponse | None:
        def run(publication: Any, reason: str) -> None:
            operating.take_down(work=publication.work, actor=actor(request), reason=reason)

        effect = _("Readers find nothing of these works at once. Their owners are told the reason.")
        chosen = rows.select_related("work__user")
        return with_reason(self, request, chosen, effect=effect, run=run)


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
