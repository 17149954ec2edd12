"""Rows kept for a while: compressed JSON lines under a data key of their own, oldest out first when room is short."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from django.db.models import Sum
from django.utils import timezone

from accounts import secrets, tenancy
from accounts.ids import uuid7
from laojun import configs, files
from laojun.files import Owner
from laojun.models import File
from querygpt import sealing
from querygpt.models import Result
from querygpt.models.result import ResultQuerySet
from querygpt.results.cells import Column, Row

PURPOSE = "querygpt.result"
ENTITY = "querygpt_result"
KEY_COLUMN = "data_key_encrypted"
SWEPT_AT_ONCE = 200
COMPRESSION = 6


class ResultGone(Exception):
    """The rows are no longer kept; the statement can be run again."""

    code = "result_expired"


class ResultUnreadable(Exception):
    """The stored file is missing, was altered, or its key is gone."""

    code = "result_unreadable"


@dataclass(frozen=True)
class Brought:
    """What a run brought, as it is to be kept."""

    run_id: UUID
    message_id: UUID | None
    columns: Sequence[Column]
    rows: Sequence[Row]
    truncated: bool


def store(*, brought: Brought, owner: Owner) -> Result:
    """Keep the rows of one run. Opens transactions of its own; not to be called inside one.

    Raises what `laojun.files.store` does, StorageQuotaExceeded among it.
    """
    workspace_id = _workspace_of(owner)
    number, key = uuid7(), sealing.new_key()
    plain = _packed(brought.rows)
    result = Result(
        id=number,
        workspace_id=workspace_id,
        run_id=brought.run_id,
        message_id=brought.message_id,
        columns=[dict(column) for column in brought.columns],
        rows_count=len(brought.rows),
        bytes=len(plain),
        truncated=brought.truncated,
        sha256=hashlib.sha256(plain).hexdigest(),
    )
    place = sealing.place_of(result, KEY_COLUMN)
    result.data_key_encrypted = secrets.seal(base64.b64encode(key).decode(), place=place)
    file = files.store(
        content=sealing.seal_bytes(plain, key=key, place=place),
        name=f"{number}.bin",
        purpose=PURPOSE,
        owner=owner,
        entity=(ENTITY, number),
    )
    result.file_id = file.id
    with owner.envelope():
        result.expires_at = timezone.now() + timedelta(
            days=configs.value("querygpt.result_days", workspace_id)
        )
        result.save(force_insert=True)
        _make_room(workspace_id)
    return result


def rows_of(result: Result) -> list[Row]:
    """All rows of a result. Raises ResultGone, ResultUnreadable."""
    if result.state != Result.State.STORED or result.expires_at <= timezone.now():
        raise ResultGone
    place = sealing.place_of(result, KEY_COLUMN)
    try:
        key = base64.b64decode(secrets.unseal(result.data_key_encrypted, place=place))
        file = File.objects.get(pk=result.file_id, workspace_id=result.workspace_id)
        plain = sealing.unseal_bytes(files.read(file), key=key, place=place)
    except (secrets.SecretUnreadable, File.DoesNotExist, files.ContentMissing) as error:
        raise ResultUnreadable from error
    if hashlib.sha256(plain).hexdigest() != result.sha256:
        raise ResultUnreadable
    return [orjson.loads(line) for line in zlib.decompress(plain).splitlines()]


def purge(results: ResultQuerySet, *, state: str = Result.State.PURGED) -> int:
    """Let go of the keys of stored results and of their files; what is left of the bytes is noise.

    In the caller's transaction and workspace. Returns how many.
    """
    found = list(results.stored().select_for_update(skip_locked=True).only("id", "file_id"))
    Result.objects.filter(pk__in=[one.pk for one in found]).update(
        state=state, data_key_encrypted="", updated_at=timezone.now()
    )
    for file in File.objects.filter(pk__in=[one.file_id for one in found]):
        files.delete(file)
    return len(found)


def sweep(now: datetime | None = None) -> int:
    """Expire what is due, in every workspace, a batch at a time."""
    moment = now or timezone.now()
    with tenancy.platform_scope(reason="querygpt.results"):
        due = Result.objects.due(moment).order_by("expires_at")[:SWEPT_AT_ONCE]
        places = list(due.values_list("workspace_id", "id"))
    for workspace_id in sorted({place[0] for place in places}):
        mine = [number for place, number in places if place == workspace_id]
        with tenancy.workspace(workspace_id):
            purge(Result.objects.filter(pk__in=mine), state=Result.State.EXPIRED)
    return len(places)


def _make_room(workspace_id: int) -> None:
    """Expire the oldest results until the others fit into what the workspace may keep."""
    most = configs.value("querygpt.result_bytes", workspace_id)
    kept = Result.objects.stored().filter(workspace_id=workspace_id)
    over = (kept.aggregate(total=Sum("bytes"))["total"] or 0) - most
    gone = []
    for number, size in kept.order_by("created_at", "id").values_list("id", "bytes"):
        if over <= 0:
            break
        gone.append(number)
        over -= size
    if gone:
        purge(Result.objects.filter(pk__in=gone), state=Result.State.EXPIRED)


def _packed(rows: Iterable[Row]) -> bytes:
    """One row a line, compressed."""
    packer = zlib.compressobj(COMPRESSION)
    parts = [packer.compress(orjson.dumps(row) + b"\n") for row in rows]
    return b"".join([*parts, packer.flush()])


def _workspace_of(owner: Owner) -> int:
    if owner.workspace_id is None:
        raise ValueError("a result belongs to a workspace")
    return owner.workspace_id
