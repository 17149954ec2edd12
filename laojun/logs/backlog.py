"""What waits to be written: bounded, and when it is full the least important and oldest goes first."""

from collections import Counter, deque
from contextlib import suppress

from laojun.logs.shaping import Line

CAPACITY = 10_000
RANKS = {"DEBUG": 0, "INFO": 0, "WARN": 1, "ERROR": 2}
BURST = 100


class Backlog:
    """Lines by importance. No lock: a deque's ends are safe, and a count that is one off harms nobody."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.dropped: Counter[str] = Counter()
        self._lanes: tuple[deque[Line], ...] = (deque(), deque(), deque())

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes)

    def put(self, line: Line) -> None:
        rank = RANKS[line["level"]]
        if len(self) >= self.capacity and not self._make_room(rank):
            self.dropped[line["level"]] += 1
            return
        self._lanes[rank].append(line)

    def take(self, most: int) -> list[Line]:
        """The most important ones first, each kind in its order."""
        taken: list[Line] = []
        for lane in reversed(self._lanes):
            with suppress(IndexError):
                while len(taken) < most:
                    taken.append(lane.popleft())
        return taken

    def take_dropped(self) -> Counter[str]:
        """How many were dropped since this was asked last, by level."""
        found, self.dropped = self.dropped, Counter()
        return found

    def _make_room(self, rank: int) -> bool:
        """Drop the oldest line that is no more important than `rank`."""
        for lane in self._lanes[: rank + 1]:
            with suppress(IndexError):
                self.dropped[lane.popleft()["level"]] += 1
                return True
        return False


class Bursts:
    """More than a hundred lines in a second from one line of code become one that is counted."""

    def __init__(self) -> None:
        self._second = 0
        self._counts: Counter[tuple[str, int]] = Counter()
        self._counted: dict[tuple[str, int], Line] = {}

    def is_more(self, place: tuple[str, int], second: int) -> bool:
        """Whether this line only has to be counted, because its kind stands for it already."""
        if second != self._second:
            self._second = second
            self._counts.clear()
        self._counts[place] += 1
        known = self._counted.get(place)
        if known is None or self._counts[place] <= BURST:
            return False
        known["repeat_count"] += 1
        return True

    def begins(self, place: tuple[str, int], line: Line) -> bool:
        """Whether this line is the first of those that are counted; it waits until the burst is over."""
        if self._counts[place] <= BURST:
            return False
        self._counted[place] = line
        return True

    def over(self, second: int) -> list[Line]:
        """The counted lines of bursts that ended before this second."""
        if second == self._second:
            return []
        ended, self._counted = self._counted, {}
        return list(ended.values())
