"""One look per process at all the tasks that somebody watches, instead of one per open stream.

The look asks the dispatcher's view for versions only; each stream then reads its own news inside its own
tenancy. Redis hints are not needed for this: a change is seen within half a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, connection

from accounts import tenancy
from taishang.models import Task

LOOK_SECONDS = 0.5
MAX_STREAMS_PER_PERSON = 20
logger = logging.getLogger(__name__)


class TooManyStreams(Exception):
    """This person has as many streams open as one may."""

    code = "too_many_streams"


class Watch:
    """The tasks watched in one event loop: who waits for which, and the versions seen last."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, set[asyncio.Event]] = {}
        self._versions: dict[UUID, int] = {}
        self._looker: asyncio.Task[None] | None = None

    @contextmanager
    def on(self, task_id: UUID) -> Iterator[asyncio.Event]:
        """An event that is set whenever the task has changed."""
        news = asyncio.Event()
        self._waiting.setdefault(task_id, set()).add(news)
        if self._looker is None or self._looker.done():
            self._looker = asyncio.create_task(self._look_around())
        try:
            yield news
        finally:
            self._waiting[task_id].discard(news)
            if not self._waiting[task_id]:
                del self._waiting[task_id]
                self._versions.pop(task_id, None)

    async def _look_around(self) -> None:
        while self._waiting:
            try:
                found = await sync_to_async(versions)(list(self._waiting))
            except (DatabaseError, InterfaceError) as error:
                logger.warning("streams wait for the database error=%s", type(error).__name__)
                found = {}
            for task_id, version in found.items():
                if self._versions.get(task_id) != version:
                    self._versions[task_id] = version
                    for news in self._waiting.get(task_id, ()):
                        news.set()
            await asyncio.sleep(LOOK_SECONDS)


def versions(task_ids: list[UUID]) -> dict[UUID, int]:
    """The row versions of these tasks. One query; the connection is given back."""
    try:
        with tenancy.dispatcher_scope():
            rows = Task.objects.filter(id__in=task_ids)
            return dict(rows.values_list("id", "row_version"))
    finally:
        if not connection.in_atomic_block:
            connection.close()


_watches: dict[int, Watch] = {}
_open: Counter[UUID] = Counter()


def watch() -> Watch:
    """The watch of the running event loop."""
    loop = id(asyncio.get_running_loop())
    return _watches.setdefault(loop, Watch())


@contextmanager
def counted(user_id: UUID) -> Iterator[None]:
    """Hold one of the person's places for a stream in this process."""
    _open[user_id] += 1
    try:
        yield
    finally:
        _open[user_id] -= 1
        if not _open[user_id]:
            del _open[user_id]


def check_room(user_id: UUID) -> None:
    """Raises TooManyStreams."""
    if _open[user_id] >= MAX_STREAMS_PER_PERSON:
        raise TooManyStreams
