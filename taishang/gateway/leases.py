"""One thread per process that keeps its calls alive: leases renewed, wishes to stop heard, arrived text saved."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from accounts import tenancy
from taishang.gateway import ledger, spool
from taishang.gateway.database import place
from taishang.models import ModelCall

LOOK_SECONDS = 0.5
RENEW_SECONDS = 10.0
CHECKPOINT_SECONDS, HASTY_SECONDS = 2.0, 1.0
HASTY_CHARACTERS = 4096
logger = logging.getLogger(__name__)


@dataclass(eq=False)
class Held:
    """A call of this process. `stop` may be called from any thread; `text` is what has arrived so far."""

    call: ModelCall
    stop: Callable[[], None]
    text: Callable[[], str]
    saved: int = 0
    saved_at: float = 0.0

    def unsaved(self, now: float) -> str | None:
        """The text, when it is time to save it again."""
        text = self.text()
        fresh = len(text) - self.saved
        pause = HASTY_SECONDS if fresh >= HASTY_CHARACTERS else CHECKPOINT_SECONDS
        return text if fresh > 0 and now - self.saved_at >= pause else None


class Keeper:
    """Starts its thread with the first call and lets it end with the last."""

    def __init__(self) -> None:
        self.owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._held: dict[UUID, Held] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._renewed_at = 0.0

    def hold(self, held: Held) -> None:
        held.saved_at = time.monotonic()
        with self._lock:
            self._held[held.call.id] = held
            if self._thread is None:
                self._renewed_at = time.monotonic()
                self._thread = threading.Thread(
                    target=self._run, name="gateway-leases", daemon=True
                )
                self._thread.start()

    def let_go(self, call: ModelCall) -> None:
        with self._lock:
            self._held.pop(call.id, None)

    def _run(self) -> None:
        self._replay()
        while True:
            time.sleep(LOOK_SECONDS)
            with self._lock:
                held = list(self._held.values())
                if not held:
                    self._thread = None
                    return
            try:
                self._look(held)
            except (DatabaseError, InterfaceError) as error:
                logger.warning("model calls wait for the database error=%s", type(error).__name__)
            finally:
                connection.close()

    def _replay(self) -> None:
        """Ends that an earlier process here could not write."""
        try:
            spool.replay()
        except (DatabaseError, InterfaceError, OSError) as error:
            logger.warning("settlements wait in files error=%s", type(error).__name__)
        finally:
            connection.close()

    def _look(self, held: Sequence[Held]) -> None:
        now = time.monotonic()
        calls = {entry.call.id: entry for entry in held}
        for number in self._wishes(list(calls), renew=now - self._renewed_at >= RENEW_SECONDS):
            calls[number].stop()
        self._save([(entry, text) for entry in held if (text := entry.unsaved(now)) is not None])

    def _wishes(self, ids: Sequence[UUID], *, renew: bool) -> list[UUID]:
        """The calls that somebody wants to stop."""
        with tenancy.dispatcher_scope():
            mine = ModelCall.objects.among(ids).filter(lease_owner=self.owner).running()
            if renew:
                mine.update(lease_until=ledger.lease_end())
                self._renewed_at = time.monotonic()
            wanted = mine.filter(cancel_requested_at__isnull=False)
            return list(wanted.values_list("id", flat=True))

    def _save(self, texts: Sequence[tuple[Held, str]]) -> None:
        by_place: dict[tuple[int | None, UUID | None], list[tuple[Held, str]]] = defaultdict(list)
        for entry, text in texts:
            by_place[entry.call.workspace_id, entry.call.user_id].append((entry, text))
        for (workspace_id, user_id), entries in by_place.items():
            with place(workspace_id, user_id):
                for entry, text in entries:
                    rows = ModelCall.objects.at(entry.call.id).running()
                    rows.update(partial_text=text)
                    entry.saved, entry.saved_at = len(text), time.monotonic()


_keepers: list[Keeper] = []
os.register_at_fork(after_in_child=_keepers.clear)


def keeper() -> Keeper:
    """This process's own."""
    if not _keepers:
        _keepers.append(Keeper())
    return _keepers[0]
