"""A work opened to readers, under a link that cannot be guessed, and closed again at once."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit
from laojun.audit import Actor, Target
from studio.models import Publication, PublishedChapter, Work

SLUG_BYTES = 18  # 24 characters: 144 bits.
MAX_BLURB = 5_000
TOLD = ("title", "blurb", "author_name", "visibility", "cover_file_id")


def open_to_readers(
    *, principal: Principal, work: Work, new_link: bool = False, **told: Any
) -> Publication:
    """Open a work, or change what readers are told of it. `new_link` makes the former address a 404."""
    now = timezone.now()
    with transaction.atomic():
        held = Work.objects.select_for_update().get(pk=work.pk)
        found = Publication.objects.filter(work=work).first()
        if found is None:
            told.setdefault("title", held.title)
            found = Publication.objects.create(
                workspace_id=work.workspace_id,
                work=work,
                slug=_slug(),
                published_at=now,
                **told,
            )
        else:
            columns = {**told, "withdrawn_at": None, "updated_at": now}
            if new_link:
                columns["slug"] = _slug()
                PublishedChapter.objects.filter(publication=found).update(slug=columns["slug"])
            Publication.objects.filter(pk=found.pk).update(**columns)
        _mark(held, is_published=True)
        _told(principal, "publication.opened", work, new_link=new_link)
    found.refresh_from_db()
    return found


def close(*, principal: Principal | Actor, work: Work, **why: str) -> None:
    """Hide a work from readers from this moment on; what was frozen stays for the day it is opened again."""
    now = timezone.now()
    with transaction.atomic():
        held = Work.objects.select_for_update().get(pk=work.pk)
        Publication.objects.filter(work=work, withdrawn_at__isnull=True).update(
            withdrawn_at=now, updated_at=now
        )
        _mark(held, is_published=False)
        _told(principal, "publication.closed", work, **why)


def _mark(work: Work, *, is_published: bool) -> None:
    if work.is_published == is_published:
        return
    now = timezone.now()
    Work.objects.filter(pk=work.pk).update(
        is_published=is_published,
        published_at=work.published_at or now,
        revision=F("revision") + 1,
        updated_at=now,
    )


def _slug() -> str:
    return secrets.token_urlsafe(SLUG_BYTES)


def _told(principal: Principal | Actor, action: str, work: Work, **details: Any) -> None:
    target = Target("work", str(work.pk), workspace_id=work.workspace_id)
    audit.record(actor=principal, action=action, target=target, details=details)
