"""The log handler that keeps lines in the database, and never lets a request wait for it."""

import logging
import os
from typing import Any

from laojun.logs.backlog import Backlog, Bursts
from laojun.logs.shaping import shaped
from laojun.logs.writer import BATCH, Writer


class DatabaseLogHandler(logging.Handler):
    """Shapes a record, puts it into a bounded queue and returns; a thread of this process writes.

    `service` is what the rows say wrote them; `console_level` what the handlers beside this one show.
    """

    def __init__(
        self, service: str = "", console_level: str = "INFO", level: int | str = logging.NOTSET
    ) -> None:
        super().__init__(level)
        self.service = service
        self.console_level = logging.getLevelName(console_level)
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def emit(self, record: logging.LogRecord) -> None:
        """Never waits for the database, never raises. What the writer's own thread says is not kept."""
        if self.writer.is_current_thread():
            return
        try:
            place, second = (record.pathname, record.lineno), int(record.created)
            if not self.bursts.is_more(place, second):
                line = shaped(record, service=self.service)
                if not self.bursts.begins(place, line):
                    self.backlog.put(line)
            self.writer.wake(now=len(self.backlog) >= BATCH)
        except Exception:  # noqa: BLE001 the boundary: a line that cannot be kept harms nobody
            self.handleError(record)

    def end_bursts(self, second: int) -> None:
        """Queue what bursts counted, once they are over. Without the handler's lock, which ending may hold."""
        for line in self.bursts.over(second):
            self.backlog.put(line)

    def follow(self, level: Any) -> None:
        """Keep lines of this severity on, and let loggers make them; what the console shows stays."""
        number = logging.getLevelName(level)
        if isinstance(number, int) and number != self.level:
            self.setLevel(number)
            logging.getLogger().setLevel(min(number, self.console_level))

    def close(self) -> None:
        self.writer.stop()
        super().close()

    def _begin(self) -> None:
        """A process of its own: the lines of its parent are its parent's to write."""
        self.backlog = Backlog()
        self.bursts = Bursts()
        self.writer = Writer(self)
