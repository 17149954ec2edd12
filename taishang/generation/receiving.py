"""Taking what somebody sends: the export and the chat log become files, the words become options, then a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from pydantic import ValidationError

from accounts.authentication import Principal
from laojun import files
from laojun.files import Owner
from laojun.filetypes import TypeMismatch
from laojun.models import File
from taishang import projects
from taishang.generation import sample, submitting
from taishang.generation.options import Options
from taishang.generation.submitting import Submission
from taishang.models import Project
from taishang.models.generation import MAX_UPLOAD_BYTES

EXPORT, CHAT = "generation.upload", "generation.chat"
MAX_CHAT_BYTES = 10 * 1024 * 1024
ZIP_MAGIC = b"PK\x03\x04"


class NotAZip(Exception):
    """What came is empty, or no ZIP archive by its first bytes."""

    code = "not_a_zip"


class UploadTooLarge(Exception):
    """More bytes than one file may have. Units: bytes."""

    code = "upload_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.members = {"max_bytes": limit}


class NoRoom(Exception):
    """The workspace's or the person's quota of stored files is used up."""

    code = "limit_reached"


class StorageFull(Exception):
    """The disk or bucket takes no more."""

    code = "storage_full"


class OptionsRefused(Exception):
    """Options that do not exist or cannot be. `faults` are (name, code, message)."""

    code = "validation_error"

    def __init__(self, faults: list[tuple[str, str, str]]) -> None:
        super().__init__(faults)
        self.faults = faults


@dataclass(frozen=True)
class Offer:
    """What a person hands in. `upload` and `chat` are new contents or files stored before."""

    upload: UploadedFile | File
    chat: UploadedFile | File | None = None
    chat_text: str = ""
    project: Project | None = None
    project_name: str = ""
    options: Options = field(default_factory=Options)
    name: str = ""


def receive(*, principal: Principal, offer: Offer) -> Submission:
    """Keep the files and queue the job.

    Raises NotAZip, UploadTooLarge, NoRoom, StorageFull, and what `submitting.submit` raises.
    """
    submitting.check_adapters(principal.workspace_id)
    upload = _export(principal, offer.upload)
    chat = _chat(principal, offer)
    project = offer.project
    if project is None and offer.project_name:
        project = projects.create(principal=principal, name=offer.project_name)
    return submitting.submit(
        principal=principal,
        upload=upload,
        chat=chat,
        options=offer.options,
        project=project,
        name=offer.name,
    )


def receive_sample(*, principal: Principal) -> Submission:
    """Queue our own sample export with its chat log."""
    submitting.check_adapters(principal.workspace_id)
    upload = _keep(principal, BytesIO(sample.archive()), "reading-club.zip", EXPORT)
    chat = _keep(principal, BytesIO(sample.chat()), "chat.json", CHAT)
    return submitting.submit(
        principal=principal, upload=upload, chat=chat, options=Options(), name="reading-club"
    )


def read_options(values: Mapping[str, Any]) -> Options:
    """Raises OptionsRefused that names every fault."""
    try:
        return Options.model_validate(dict(values))
    except ValidationError as error:
        raise OptionsRefused(
            [(_pointer(fault["loc"]), fault["type"], fault["msg"]) for fault in error.errors()]
        ) from error


def _export(principal: Principal, given: UploadedFile | File) -> File:
    if isinstance(given, File):
        if given.mime_type != "application/zip":
            raise NotAZip
        return _within(given, MAX_UPLOAD_BYTES)
    if (given.size or 0) > MAX_UPLOAD_BYTES:
        raise UploadTooLarge(MAX_UPLOAD_BYTES)
    if given.read(len(ZIP_MAGIC)) != ZIP_MAGIC:
        raise NotAZip
    given.seek(0)
    name = given.name or "export"
    name = name if name.lower().endswith(".zip") else f"{name}.zip"
    return _keep(principal, given, name, EXPORT)


def _chat(principal: Principal, offer: Offer) -> File | None:
    if isinstance(offer.chat, File):
        return _within(offer.chat, MAX_CHAT_BYTES)
    if offer.chat is not None:
        if (offer.chat.size or 0) > MAX_CHAT_BYTES:
            raise UploadTooLarge(MAX_CHAT_BYTES)
        return _keep(principal, offer.chat, offer.chat.name or "chat.txt", CHAT)
    if offer.chat_text.strip():
        return _keep(principal, BytesIO(offer.chat_text.encode()), "chat.txt", CHAT)
    return None


def _within(file: File, limit: int) -> File:
    if file.file_size > limit:
        raise UploadTooLarge(limit)
    return file


def _keep(principal: Principal, content: IO[bytes] | Any, name: str, purpose: str) -> File:
    if principal.user is None:
        raise PermissionError(purpose)
    try:
        return files.store(
            content=content,
            name=name,
            purpose=purpose,
            owner=Owner(principal.user.pk, principal.workspace_id),
        )
    except files.FileTooLarge as error:
        raise UploadTooLarge(error.limit) from error
    except (files.TypeNotAllowed, TypeMismatch) as error:
        raise NotAZip from error
    except files.StorageQuotaExceeded as error:
        raise NoRoom from error
    except files.StorageFull as error:
        raise StorageFull from error


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{step}" for step in ("options", *location))
