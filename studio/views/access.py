"""What the writing pages start from: works and chapters that this person may see, or the page for what does not exist."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.web.access import principal_of
from studio.models import Chapter, Work


def work_of(request: HttpRequest, pk: UUID, right: str = "read") -> Work:
    principal = principal_of(request)
    rows = Work.objects.visible_to(principal)
    if right != "read":
        rows = Work.objects.with_right(principal, right)
    return get_object_or_404(rows, pk=pk)


def chapter_of(request: HttpRequest, work_id: UUID, pk: UUID, *, text: bool = True) -> Chapter:
    """A chapter with its work and volume; without `text` its content is not read."""
    rows = Chapter.objects.visible_to(principal_of(request)).select_related("work", "volume")
    return get_object_or_404(rows if text else rows.without_text(), pk=pk, work_id=work_id)


def editable_chapter(request: HttpRequest, work_id: UUID, pk: UUID) -> Chapter:
    rows = Chapter.objects.editable_by(principal_of(request)).select_related("work", "volume")
    return get_object_or_404(rows.without_text(), pk=pk, work_id=work_id)


def may_edit(request: HttpRequest, chapter: Chapter) -> bool:
    return Chapter.objects.editable_by(principal_of(request)).filter(pk=chapter.pk).exists()


def may(request: HttpRequest, work: Work, right: str) -> bool:
    return Work.objects.with_right(principal_of(request), right).filter(pk=work.pk).exists()
