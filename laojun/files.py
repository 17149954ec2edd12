"""Files: received on disk while they are hashed and counted, kept within quotas, shown by links that die.

A file is stored in three steps, each short: reserve its bytes (a pending row), put the content into the storage,
settle. A crash between them leaves a reservation that the sweep takes back, never a stored row without content.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.core.files.storage import FileSystemStorage, default_storage
from django.db.models import F, Q
from django.utils import timezone

from accounts import tenancy
from accounts.ids import uuid7
from accounts.registry import Store
from laojun import audit, configs, filetypes
from laojun.filetypes import Sample
from laojun.models import File, FileUsage
from laojun.notifications import storage
from laojun.receiving import (
    FileTooLarge,
    OnDisk,
    Received,
    StorageFull,
    a_full_disk_named,
    received,
)

__all__ = [
    "ContentMissing",
    "FileTooLarge",
    "Owner",
    "Purpose",
    "StorageFull",
    "StorageQuotaExceeded",
    "TypeNotAllowed",
    "UnknownPurpose",
    "UploadAbandoned",
    "delete",
    "open_content",
    "purposes",
    "read",
    "store",
]
PURGE_AFTER = timedelta(hours=48)


@dataclass(frozen=True)
class Purpose:
    """What files of one kind may be: their types (None: the platform's own, by name), cap and lifetime.

    `is_open` ones may be uploaded by anybody although only their reader judges the content.
    """

    label: Any
    types: frozenset[str] | None
    cap_key: str = "storage.max_file_size"
    lifetime_s: int | None = None
    is_open: bool = False
    personal: bool = False  # belongs to its person, in no workspace


purposes: Store[Purpose] = Store("file_purposes")


class UnknownPurpose(LookupError):
    """Nobody declared this purpose."""


class TypeNotAllowed(Exception):
    """The content is of a type that this purpose does not take."""

    code = "type_not_allowed"

    def __init__(self, found: str, allowed: Iterable[str]) -> None:
        super().__init__(found)
        self.found = found
        self.allowed = sorted(allowed)
        self.members = {"found": found, "allowed": self.allowed}


class StorageQuotaExceeded(Exception):
    """No room: of the person (`scope` user) or of the whole workspace. Units: bytes."""

    code = "storage_quota_exceeded"

    def __init__(self, *, scope: str, limit: int, used: int, needed: int) -> None:
        super().__init__(f"{scope}: {used} of {limit} used, {needed} needed")
        self.scope = scope
        self.limit = limit
        self.used = used
        self.needed = needed
        self.members = {"scope": scope, "limit": limit, "used": used, "needed": needed}


class UploadAbandoned(Exception):
    """The reservation was taken back before the content was settled: it took too long."""

    code = "upload_abandoned"


class ContentMissing(Exception):
    """The row stands, its bytes do not."""


@dataclass(frozen=True)
class Owner:
    """Whose file it is. Without a workspace it is the person's own."""

    user_id: UUID
    workspace_id: int | None = None

    @contextmanager
    def envelope(self) -> Iterator[None]:
        """A transaction that sees what this owner sees."""
        if self.workspace_id is None:
            with tenancy.user(self.user_id):
                yield
        else:
            with tenancy.workspace(self.workspace_id, user_id=self.user_id):
                yield


def store(
    *,
    content: bytes | IO[bytes] | Iterable[bytes],
    name: str,
    purpose: str,
    owner: Owner,
    declared_type: str = "",
    entity: tuple[str, object] = ("", ""),
    temporary: bool = False,
) -> File:
    """Keep a content as a file of `owner`, whose membership the caller has checked.

    Opens transactions of its own; called inside one it nests. Raises UnknownPurpose, FileTooLarge,
    TypeMismatch, TypeNotAllowed, StorageQuotaExceeded, StorageFull, UploadAbandoned.
    """
    kind = _purpose(purpose)
    with received(content, limit=_cap(kind, owner)) as upload:
        shown = filetypes.clean_name(name)
        mime_type = _type(kind, upload.sample, shown, declared_type)
        file = File(
            id=uuid7(),
            workspace_id=owner.workspace_id,
            user_id=owner.user_id,
            purpose=purpose,
            original_filename=shown,
            mime_type=mime_type,
            file_size=upload.size,
            sha256=upload.sha256,
            storage_provider=_provider(),
            entity_type=entity[0],
            entity_id=str(entity[1]),
            expires_at=_expiry(kind, temporary=temporary),
        )
        file.filename = f"{file.id}{_suffix(shown)}"
        file.storage_path = f"{timezone.now():%Y/%m/%d}/{file.id.hex}"
        return _keep(file, upload, owner)


def open_content(file: File) -> IO[bytes]:
    """The bytes of a file, to be closed by the caller. Raises ContentMissing."""
    try:
        return default_storage.open(file.storage_path, "rb")
    except FileNotFoundError as error:
        raise ContentMissing(str(file.id)) from error


def read(file: File) -> bytes:
    """All bytes of a file. For files whose purpose caps them. Raises ContentMissing."""
    with open_content(file) as content:
        return content.read()


def delete(file: File) -> bool:
    """Hide a file and free its quota at once; its bytes go after 48 h. False when somebody was faster."""
    now = timezone.now()
    hidden = File.objects.filter(pk=file.pk, state=File.State.STORED).update(
        state=File.State.DELETED,
        deleted_at=now,
        purge_after=now + PURGE_AFTER,
        is_public=False,
        url=None,
    )
    if not hidden:
        return False
    free(file)
    audit.record(
        actor=audit.current_actor(audit.Actor.system("files")),
        action="file.deleted",
        target=target_of(file),
        before=facts_of(file),
        after={},
    )
    return True


def free(file: File) -> None:
    """Give the bytes of a stored file back to its owner's quota."""
    _count(file, bytes=F("bytes") - file.file_size, files=F("files") - 1)


def target_of(file: File) -> audit.Target:
    """A file's place in the audit log: its own workspace's, whoever acts from wherever."""
    return audit.Target(
        "file",
        str(file.id),
        platform=file.workspace_id is None,
        workspace_id=file.workspace_id,
    )


def facts_of(file: File) -> dict[str, Any]:
    """What the audit log keeps of a file: never its content."""
    return {
        "name": file.original_filename,
        "size": file.file_size,
        "type": file.mime_type,
        "sha256": file.sha256,
        "purpose": file.purpose,
    }


def quota(owner: Owner) -> dict[str, int]:
    """Used and allowed bytes of this person and of the workspace; 0 allowed means none. Units: bytes."""
    used = {
        row.user_id: row.bytes + row.reserved_bytes
        for row in FileUsage.objects.filter(Q(workspace_id=owner.workspace_id))
    }
    return {
        "user_used": used.get(owner.user_id, 0),
        "user_limit": configs.value("storage.user_quota_bytes", owner.workspace_id),
        "workspace_used": used.get(None, 0),
        "workspace_limit": configs.value("storage.workspace_quota_bytes", owner.workspace_id),
    }


def room(workspace_id: int) -> tuple[int, int]:
    """Bytes that the workspace's files take, and how many they may."""
    row = FileUsage.objects.filter(workspace_id=workspace_id, user=None).first()
    used = row.bytes + row.reserved_bytes if row else 0
    return used, configs.value("storage.workspace_quota_bytes", workspace_id)


def release(file: File) -> bool:
    """Take a reservation back. False when it was settled or taken back already."""
    gone, _each = File.objects.filter(pk=file.pk, state=File.State.PENDING).delete()
    if gone:
        _count(file, reserved_bytes=F("reserved_bytes") - file.file_size)
    return bool(gone)


def _keep(file: File, upload: Received, owner: Owner) -> File:
    with owner.envelope():
        _reserve(file)
    try:
        _put(upload, file.storage_path)
    except BaseException:
        with owner.envelope():
            release(file)
        raise
    with owner.envelope():
        return _settle(file)


def _reserve(file: File) -> None:
    for user_id, scope in _counters(file):
        limit = configs.value(f"storage.{scope}_quota_bytes", file.workspace_id)
        FileUsage.objects.bulk_create(
            [FileUsage(workspace_id=file.workspace_id, user_id=user_id)], ignore_conflicts=True
        )
        row = FileUsage.objects.of(file.workspace_id, user_id)
        room = row.filter(bytes__lte=limit - file.file_size - F("reserved_bytes"))
        if not room.update(reserved_bytes=F("reserved_bytes") + file.file_size):
            found = row.get()
            raise StorageQuotaExceeded(
                scope=scope,
                limit=limit,
                used=found.bytes + found.reserved_bytes,
                needed=file.file_size,
            )
    file.save(force_insert=True)


def _put(upload: Received, path: str) -> None:
    with a_full_disk_named(), OnDisk(upload.path) as content:
        default_storage.save(path, content)


def _settle(file: File) -> File:
    settled = File.objects.filter(pk=file.pk, state=File.State.PENDING).update(
        state=File.State.STORED
    )
    if not settled:
        raise UploadAbandoned(str(file.pk))
    _count(
        file,
        bytes=F("bytes") + file.file_size,
        reserved_bytes=F("reserved_bytes") - file.file_size,
        files=F("files") + 1,
    )
    for user_id, scope in _counters(file):
        storage.tell(file=file, scope=scope, user_id=user_id)
    audit.record(
        actor=audit.current_actor(audit.Actor.system("files")),
        action="file.uploaded",
        target=target_of(file),
        before={},
        after=facts_of(file),
    )
    return File.objects.get(pk=file.pk)


def _counters(file: File) -> list[tuple[UUID | None, str]]:
    """The rows that count a file, always the workspace's first, so that two uploads cannot wait for each other."""
    person: list[tuple[UUID | None, str]] = [(file.user_id, "user")]
    return person if file.workspace_id is None else [(None, "workspace"), *person]


def _count(file: File, **changes: Any) -> None:
    for user_id, _scope in _counters(file):
        FileUsage.objects.of(file.workspace_id, user_id).update(**changes)


def _purpose(key: str) -> Purpose:
    found = purposes.get(key)
    if found is None:
        raise UnknownPurpose(key)
    return found


def _cap(kind: Purpose, owner: Owner) -> int:
    return int(configs.value(kind.cap_key, owner.workspace_id))


def _type(kind: Purpose, sample: Sample, name: str, declared: str) -> str:
    if kind.types is None:
        return filetypes.by_name(name)
    found = filetypes.identify(sample, name=name, declared=declared)
    if found not in kind.types:
        raise TypeNotAllowed(found, kind.types)
    return found


def _expiry(kind: Purpose, *, temporary: bool) -> datetime | None:
    seconds = configs.value("storage.temp_file_seconds") if temporary else kind.lifetime_s
    return None if seconds is None else timezone.now() + timedelta(seconds=seconds)


def _suffix(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return suffix if suffix[1:] in filetypes.BY_EXTENSION else ""


def _provider() -> str:
    local = isinstance(default_storage, FileSystemStorage)
    return File.Provider.LOCAL if local else File.Provider.S3
