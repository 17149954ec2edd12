"""What keeps rows and bytes of files together: reservations, expiry, purging, orphans, the weekly check."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import tenancy
from laojun import files
from laojun.models import File

ABANDONED_AFTER = timedelta(minutes=5)
ORPHANED_AFTER = timedelta(hours=1)
BATCH = 500
RECENT_DAYS = 2
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Swept:
    released: int
    expired: int
    purged: int


@dataclass(frozen=True)
class Checked:
    """Rows without bytes (the worse fault), and objects without a row."""

    rows: int
    missing: list[str]
    orphans: list[str]


def sweep(*, now: datetime | None = None) -> Swept:
    """Take back abandoned reservations, hide expired files, purge deleted ones."""
    at = now or timezone.now()
    with tenancy.platform_scope(reason="sweep of files"):
        released = [
            files.release(file) for file in _locked(File.objects.abandoned(at - ABANDONED_AFTER))
        ]
        expired = _locked(File.objects.expired(at))
        for file in expired:
            _expire(file, at)
        purgeable = _locked(File.objects.purgeable(at))
        for file in purgeable:
            file.delete()
        # The row first: a crash in between leaves bytes without a row, which the next sweep finds.
        for path in [file.storage_path for file in purgeable]:
            transaction.on_commit(partial(default_storage.delete, path))
    return Swept(sum(released), len(expired), len(purgeable))


def remove_orphans(*, now: datetime | None = None) -> int:
    """Delete temporary parts and recent objects that no row names and that are older than an hour."""
    at = now or timezone.now()
    removed = _remove_parts(at)
    days = [at - timedelta(days=back) for back in range(RECENT_DAYS)]
    for path in _without_row(f"{day:%Y/%m/%d}" for day in days):
        if default_storage.get_modified_time(path) < at - ORPHANED_AFTER:
            default_storage.delete(path)
            removed += 1
    return removed


def check() -> Checked:
    """Compare every row with its object and every object with its row; nothing is changed."""
    with tenancy.platform_scope(reason="check of files"):
        stored = dict(
            File.objects.filter(state=File.State.STORED).values_list("storage_path", "id")
        )
    missing = [str(key) for path, key in stored.items() if not default_storage.exists(path)]
    orphans = list(_without_row(_days()))
    if missing:
        logger.error("files without content count=%s first=%s", len(missing), missing[0])
    return Checked(len(stored), missing, orphans)


def _expire(file: File, at: datetime) -> None:
    File.objects.filter(pk=file.pk).update(
        state=File.State.DELETED, deleted_at=at, purge_after=at, is_public=False, url=None
    )
    files.free(file)


def _locked(rows: QuerySet[File]) -> list[File]:
    return list(rows.select_for_update(skip_locked=True).order_by("id")[:BATCH])


def _remove_parts(at: datetime) -> int:
    removed = 0
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.part"):
        try:
            age = at.timestamp() - path.stat().st_mtime
        except FileNotFoundError:
            continue
        if age > ORPHANED_AFTER.total_seconds():
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _without_row(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        try:
            names = default_storage.listdir(folder)[1]
        except FileNotFoundError:
            continue
        paths = [f"{folder}/{name}" for name in names]
        with tenancy.platform_scope(reason="check of files"):
            known = set(
                File.objects.filter(storage_path__in=paths).values_list("storage_path", flat=True)
            )
        yield from (path for path in paths if path not in known)


def _days() -> Iterator[str]:
    for year in _folders(""):
        for month in _folders(year):
            yield from (f"{year}/{month}/{day}" for day in _folders(f"{year}/{month}"))


def _folders(path: str) -> list[str]:
    return sorted(name for name in default_storage.listdir(path)[0] if name.isdigit())
