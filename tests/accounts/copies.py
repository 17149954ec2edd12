"""A client that keeps a copy, as a program far away would: it knows the API and nothing else."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

DEADLINE_SECONDS = 60


class Reset(Exception):
    """The server wants the copy to be loaded again."""


class Copy:
    """Things by (type, id), kept up to date by `sync/`. `get` answers `(status, body)` for a path."""

    def __init__(self, get: Callable[[str], tuple[int, Any]], types: str = "") -> None:
        self.get = get
        self.types = types
        self.things: dict[tuple[str, str], dict[str, Any]] = {}
        self.cursor = ""
        self.pages = 0
        self.lag = 0.0

    def pull(self, limit: int = 200) -> "Copy":
        """Ask until there is nothing more."""
        more = True
        while more:
            asked = {"limit": limit, "types": self.types, "cursor": self.cursor}
            path = f"/api/v1/sync/?{urlencode({name: value for name, value in asked.items() if value})}"
            status, body = self.get(path)
            if status == 410:
                raise Reset(body["reason"])
            assert status == 200, body
            self._take(body["changes"])
            self.cursor, more, self.lag = body["cursor"], body["has_more"], body["lag_s"]
            self.pages += 1
        return self

    def _take(self, changes: list[dict[str, Any]]) -> None:
        for change in changes:
            thing = (change["type"], change["id"])
            if change["op"] == "gone":
                self.things.pop(thing, None)
            else:
                self.things[thing] = change

    def of(self, kind: str) -> dict[str, Any]:
        return {key: change["data"] for (name, key), change in self.things.items() if name == kind}

    def settle(self, fresh: Callable[[], "Copy"]) -> None:
        """Pull until the copy equals one loaded now; slow transactions elsewhere may hold news back for a while."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.pull().things != (wanted := fresh().pull().things):
            assert time.monotonic() < deadline, _difference(self.things, wanted)
            time.sleep(0.05)


def _difference(mine: dict, theirs: dict) -> str:
    too_many = sorted(mine.keys() - theirs.keys())[:5]
    missing = sorted(theirs.keys() - mine.keys())[:5]
    other = sorted(key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key])[:5]
    return f"too many: {too_many}, missing: {missing}, other: {other}"
