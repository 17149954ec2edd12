"""Ask for work: the row in the caller's transaction, the wake-up when it commits."""

from __future__ import annotations

import logging
import time
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypedDict, Unpack
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation
from kombu.exceptions import OperationalError as BrokerError

from accounts import tenancy
from accounts.breaker import Breaker
from accounts.models import User, Workspace
from taishang import events, kinds, tasks
from taishang.kinds import Kind
from taishang.models import Lane, Task
from taishang.models.task import PRIORITY_NORMAL

WAKE_KEY_SECONDS = 0.05
DEFAULT_MAX_QUEUED = 10_000
ENQUEUE_TRIES = 5
RETRY_SECONDS = 30
logger = logging.getLogger(__name__)


class QueueFull(Exception):
    """The lane holds as many waiting tasks as it may."""

    code = "queue_full"

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit
        self.members = {"limit": limit}
        self.headers = {"Retry-After": str(RETRY_SECONDS)}


class DuplicateTask(Exception):
    """A live task has this dedup key and another payload. `task` is that one."""

    code = "task_duplicate"

    def __init__(self, task: Task) -> None:
        super().__init__(str(task.id))
        self.task = task
        self.members = {"task_id": str(task.id)}


class Options(TypedDict, total=False):
    """When and how urgently. `expires_at` counts until the first start; `dedup_key` holds while a task lives."""

    priority: int
    scheduled_at: datetime | None
    expires_at: datetime | None
    dedup_key: str | None
    on_duplicate: Literal["return", "refuse"]
    max_attempts: int
    subject_type: str
    subject_id: str
    api_key_id: UUID | None
    parent_id: UUID | None
    retried_from_id: UUID | None
    schedule_name: str
    trace_id: str
    locale: str


def enqueue(
    *,
    kind: str,
    payload: dict[str, Any] | None = None,
    workspace: Workspace | int | None = None,
    user: User | UUID | None = None,
    **options: Unpack[Options],
) -> Task:
    """Write the task in the caller's transaction and wake a worker when it commits.

    With a `dedup_key` that a live task of the workspace has, that task is returned with `deduplicated` set.
    Raises UnknownKind, PayloadRefused, QueueFull, and DuplicateTask when the payload differs.
    """
    found = kinds.get(kind)
    payload = {} if payload is None else payload
    found.check(payload)
    task = _build(found, payload, workspace, user, options)
    with transaction.atomic():
        if task.workspace_id is None and tenancy.current().role == tenancy.Context().role:
            with tenancy.dispatcher_scope():
                task = _insert(task)
        else:
            task = _insert(task)
        if task.deduplicated:
            return task
        transaction.on_commit(partial(wake, task.queue))
    return task


def hold_to(*, queue: str, workspace_id: int, most: int) -> None:
    """Run at most so many of the workspace's tasks of this queue at once; the lane's other numbers stay."""
    if Lane.objects.filter(queue=queue, workspace_id=workspace_id, max_running=most).exists():
        return
    with tenancy.platform_scope(reason="lane limit"):
        Lane.objects.update_or_create(
            queue=queue, workspace_id=workspace_id, defaults={"max_running": most}
        )


def wake(queue: str) -> None:
    """Send one message for this queue; calls within 50 ms share it. Never raises: the poll finds the task too."""
    is_first = cache.add(f"wake:{queue}:key", 1, WAKE_KEY_SECONDS)
    if not is_first and (_broker_is_the_cache() or not _cache_is_away()):
        return
    if not broker.allows():
        return
    started = time.perf_counter()
    try:
        tasks.run_task.apply_async(kwargs={"queue": queue}, queue=queue, retry=False)
    except (BrokerError, OSError) as error:
        broker.failed(type(error).__name__, time.perf_counter() - started)
        logger.warning("no wake-up sent, the poll will find it error=%s", type(error).__name__)
    else:
        broker.succeeded(time.perf_counter() - started)


def _broker_answers() -> bool:
    try:
        with current_app.connection_for_write() as link:
            return bool(link.default_channel)
    except (BrokerError, OSError):
        return False


broker = Breaker("broker", _broker_answers)


def _broker_is_the_cache() -> bool:
    """One server for both: what the cache could not reach need not be tried again."""
    return (
        settings.CELERY_BROKER_URL.partition("//")[2] == settings.REDIS_LOCATION.partition("//")[2]
    )


def _cache_is_away() -> bool:
    return bool(cache.breaker.is_open)  # type: ignore[attr-defined]


def _build(
    kind: Kind,
    payload: dict[str, Any],
    workspace: Workspace | int | None,
    user: User | UUID | None,
    options: Options,
) -> Task:
    now = timezone.now()
    rest = {key: value for key, value in options.items() if key != "on_duplicate"}
    rest.setdefault("priority", PRIORITY_NORMAL)
    rest.setdefault("max_attempts", kind.max_attempts)
    rest.setdefault("locale", translation.get_language() or "")
    return Task(
        workspace_id=workspace.pk if isinstance(workspace, Workspace) else workspace,
        user_id=user.pk if isinstance(user, User) else user,
        type=kind.name,
        queue=kind.queue,
        payload=payload,
        payload_version=kind.payload_version,
        timeout_s=kind.timeout_s,
        event_seq=1,
        due_at=options.get("scheduled_at") or now,
        created_at=now,
        updated_at=now,
        **rest,
    )


def _insert(task: Task) -> Task:
    """The new row, or the live one that has its dedup key."""
    _check_room(task)
    for _attempt in range(ENQUEUE_TRIES):
        Task.objects.bulk_create([task], ignore_conflicts=task.dedup_key is not None)
        if task.dedup_key is not None:
            live = _live_twin(task)
            if live is None:
                continue
            if live.pk != task.pk:
                return _as_duplicate(live, task)
        _write_first_event(task)
        if task.workspace_id is not None:
            events.tell([task.id], "created")
        return task
    raise IntegrityError("a live task with this dedup key came and went five times")


def _live_twin(task: Task) -> Task | None:
    rows = Task.objects.live().filter(workspace_id=task.workspace_id, dedup_key=task.dedup_key)
    if task.workspace_id is None:
        rows = rows.only("id", "state", "type", "queue")
    return rows.first()


def _as_duplicate(live: Task, wanted: Task) -> Task:
    if wanted.workspace_id is not None and live.payload != wanted.payload:
        raise DuplicateTask(live)
    live.deduplicated = True
    return live


def _check_room(task: Task) -> None:
    """Raises QueueFull. Counted without a lock: parallel callers may pass the limit by a few."""
    lanes = Lane.objects.filter(queue=task.queue, workspace_id=task.workspace_id)
    limit = lanes.values_list("max_queued", flat=True).first() or DEFAULT_MAX_QUEUED
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM (SELECT 1 FROM tai_tasks WHERE queue = %s
               AND COALESCE(workspace_id, 0) = %s AND state = 'queued' LIMIT %s) waiting""",
            [task.queue, task.workspace_id or 0, limit],
        )
        row = cursor.fetchone()
    if row and row[0] >= limit:
        raise QueueFull(limit)


def _write_first_event(task: Task) -> None:
    """Plain SQL, since the dispatcher may add to a history and not read it, so nothing can be returned."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO tai_task_events
                (workspace_id, task_id, seq, event, detail, actor, attempt, trace_id, created_at)
            VALUES (%s, %s, 1, 'enqueued', '{}', %s, 0, %s, clock_timestamp())""",
            [
                task.workspace_id,
                task.id,
                f"user:{task.user_id}" if task.user_id else "",
                task.trace_id,
            ],
        )
