"""One look per process at everything that its open streams wait for, instead of one per stream.

A look asks for version numbers only; each stream then reads its own news inside its own tenancy. No hint is needed
for that, and nothing holds a connection in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError

MAX_STREAMS_PER_PERSON = 20
Look = Callable[[Sequence[UUID]], dict[UUID, int]]
logger = logging.getLogger(__name__)


class TooManyStreams(Exception):
    """This person has as many streams open as one may."""

    code = "too_many_streams"


class Watch:
    """The things watched in one event loop: who waits for which, and the versions seen last.

    `look` gives the versions of things by their ids and gives its connection back. Units: `pause_s` seconds.
    """

    def __init__(self, look: Look, pause_s: float) -> None:
        self._look = look
        self._pause_s = pause_s
        self._waiting: dict[UUID, set[asyncio.Event]] = {}
        self._versions: dict[UUID, int] = {}
        self._looker: asyncio.Task[None] | None = None

    @contextmanager
    def on(self, number: UUID) -> Iterator[asyncio.Event]:
        """An event that is set whenever the thing has changed."""
        news = asyncio.Event()
        self._waiting.setdefault(number, set()).add(news)
        if self._looker is None or self._looker.done():
            self._looker = asyncio.create_task(self._look_around())
        try:
            yield news
        finally:
            self._waiting[number].discard(news)
            if not self._waiting[number]:
                del self._waiting[number]
                self._versions.pop(number, None)

    async def _look_around(self) -> None:
        while self._waiting:
            try:
                found = await sync_to_async(self._look)(list(self._waiting))
            except (DatabaseError, InterfaceError) as error:
                logger.warning("streams wait for the database error=%s", type(error).__name__)
                found = {}
            for number, version in found.items():
                if self._versions.get(number) != version:
                    self._versions[number] = version
                    for news in self._waiting.get(number, ()):
                        news.set()
            await asyncio.sleep(self._pause_s)


class Watches:
    """The watch of each event loop."""

    def __init__(self, look: Look, pause_s: float) -> None:
        self._look = look
        self._pause_s = pause_s
        self._by_loop: dict[int, Watch] = {}

    def here(self) -> Watch:
        loop = id(asyncio.get_running_loop())
        return self._by_loop.setdefault(loop, Watch(self._look, self._pause_s))


_open: Counter[UUID] = Counter()


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
