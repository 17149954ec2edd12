"""How often who may do what: one line per limit, live values, and the verdict on one call.

Strict limits are counted by the database always. Fast ones are counted by Redis and, while it is away, by the
database, which starts from the largest count this process saw; back again, Redis takes over what the database
counted. There is no switch to turn a limit off: an operator raises its value.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import registry, windows
from accounts.cache import Link
from accounts.models import RateLimit, User
from accounts.registry import LimitClass, limit_classes
from accounts.windows import Count, Window

MINUTE, HOUR, DAY = 60, 3600, 86_400
PLAN_FACTORS = {User.Plan.FREE: 1, User.Plan.PRO: 3, User.Plan.ENTERPRISE: 10}
LIVE_SECONDS = 1.0
MAX_SEEN = 20_000
PERSONAL = frozenset({"caller", "user"})
ANONYMOUS = "anon"


@dataclass(frozen=True)
class Demand:
    """One class that a call falls under, and whose count it raises. `spare` may let it pass all the same."""

    entry: LimitClass
    subject: str
    user_id: UUID | None = None
    workspace_id: int | None = None
    factor: int = 1
    spare: Callable[[], bool] | None = None

    def window(self) -> Window:
        limit = live_limit(self.entry, self.workspace_id) * self.factor
        return Window(self.entry.name, self.subject, limit, self.entry.window_s * 1000)


@dataclass(frozen=True)
class Verdict:
    """What a class says to one call. Units: calls, seconds. `source` is redis or database."""

    entry: LimitClass
    limit: int
    used: int
    reset_s: int
    allowed: bool
    source: str

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def window_s(self) -> int:
        return self.entry.window_s

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def percent(self) -> int:
        return min(100, self.used * 100 // self.limit)


def declare() -> None:
    """The classes of this app. Apps above add theirs in their own `ready()`."""
    for entry in CLASSES:
        limit_classes.add(entry.name, entry)
    Link.returning.append(bring_back)


CLASSES = (
    LimitClass("api.read", _("Reading"), 3000, MINUTE, "caller"),
    LimitClass("api.write", _("Writing"), 1200, MINUTE, "caller"),
    LimitClass("api.heavy", _("Searches and statistics"), 60, MINUTE, "caller"),
    LimitClass("sync", _("Synchronising"), 120, MINUTE, "caller"),
    LimitClass(ANONYMOUS, _("Without signing in"), 60, MINUTE, "network"),
    LimitClass("auth.sign_in", _("Signing in"), 60, MINUTE, "network", strict=True),
    LimitClass(
        "auth.sign_in_failures",
        _("Failed sign-ins with one name from one network"),
        5,
        15 * MINUTE,
        "name_network",
        strict=True,
        failures=True,
    ),
    LimitClass(
        "auth.name_failures",
        _("Failed sign-ins with one name"),
        50,
        HOUR,
        "name",
        strict=True,
        failures=True,
        spare="known_device",
    ),
    LimitClass("auth.sign_up", _("Opening accounts"), 30, HOUR, "network", strict=True),
    LimitClass("auth.reset", _("Password resets"), 30, HOUR, "network", strict=True),
    LimitClass(
        "auth.reset_name", _("Password resets of one address"), 3, HOUR, "address", strict=True
    ),
    LimitClass("auth.mfa", _("Second factors"), 5, 5 * MINUTE, "account", strict=True),
    LimitClass("auth.refresh", _("Refreshing tokens"), 120, MINUTE, "family", strict=True),
    LimitClass("invite", _("Invitations"), 50, DAY, "workspace", strict=True),
    LimitClass("export", _("Exports"), 10, HOUR, "user", strict=True),
    LimitClass("mail", _("Letters to one address"), 20, HOUR, "address", strict=True),
    LimitClass("upload", _("Uploads"), 60, MINUTE, "user", strict=True),
    LimitClass(
        "ai",
        _("AI calls"),
        20,
        MINUTE,
        "user",
        strict=True,
        own_setting="ai.rate_limit_per_minute",
    ),
)
_live: dict[tuple[str, int | None], tuple[float, int]] = {}
_seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
_seen_lock = threading.Lock()


# Values in force


def live_limit(entry: LimitClass, workspace_id: int | None = None) -> int:
    """The operator's value, at most a second old, where live settings are installed.

    Only a class with a setting of its own has values of workspaces.
    """
    if registry.live_setting.function is None:
        return entry.limit
    place = workspace_id if entry.own_setting else None
    read_at, value = _live.get((entry.setting, place), (0.0, 0))
    if time.monotonic() - read_at > LIVE_SECONDS:
        value = int(registry.live_setting(key=entry.setting, workspace=place))
        if len(_live) > MAX_SEEN:
            _live.clear()
        _live[entry.setting, place] = (time.monotonic(), value)
    return value


def forget() -> None:
    """Look the values up anew: one was changed."""
    _live.clear()


def plan_factor(user: User | None) -> int:
    """By how much a person's plan multiplies what belongs to the person."""
    if user is None:
        return 1
    return PLAN_FACTORS[User.Plan(user.effective_plan(timezone.now()))]


def user_subject(user: User) -> str:
    return f"user:{user.id}"


def workspace_subject(workspace_id: int) -> str:
    return f"workspace:{workspace_id}"


def demands_of(*, user: User, workspace_id: int | None, caller: str = "") -> list[Demand]:
    """Every class whose count is this person's, or the key's (`caller`), or the workspace's."""
    subjects = {"caller": caller or user_subject(user), "user": user_subject(user)}
    if workspace_id is not None:
        subjects["workspace"] = workspace_subject(workspace_id)
    factor = plan_factor(user)
    return [
        Demand(
            entry,
            subjects[entry.subject],
            workspace_id=workspace_id,
            factor=factor if entry.subject in PERSONAL else 1,
        )
        for entry in limit_classes.values()
        if entry.subject in subjects
    ]


def demands_of_workspace(workspace_id: int) -> list[Demand]:
    """Every class that is counted for a workspace as a whole."""
    subject = workspace_subject(workspace_id)
    return [
        Demand(entry, subject, workspace_id=workspace_id)
        for entry in limit_classes.values()
        if entry.subject == "workspace"
    ]


# One call


def by_redis(demands: Iterable[Demand]) -> tuple[list[Verdict], list[Demand]]:
    """Judge a call as far as Redis can; what is left is for the database.

    Fast classes are counted. Of a strict class Redis only knows that it is used up.
    """
    verdicts, left = [], []
    for demand in demands:
        verdict = _known_over(demand) if demand.entry.strict else _hit_fast(demand)
        if verdict is None:
            left.append(demand)
            continue
        verdicts.append(verdict)
        if not verdict.allowed:
            return verdicts, []
    return verdicts, left


def by_database(demands: Iterable[Demand]) -> list[Verdict]:
    """Judge the rest in the open transaction, which the caller commits whatever becomes of the call."""
    verdicts: list[Verdict] = []
    for demand in _in_order(demands):
        verdicts.append(_hit_database(demand))
        if not verdicts[-1].allowed:
            break
    return verdicts


def give_back(demands: Iterable[Demand]) -> None:
    """The deed succeeded: what counts failures only gets its count back. Locks the rows in the order of `by_database`."""
    for demand in _in_order(demand for demand in demands if demand.entry.failures):
        window = demand.window()
        with transaction.atomic():
            row = RateLimit.objects.select_for_update().filter(rate_key=window.key).first()
            if row:
                row.give_back()
        cache.delete(_over_key(window))


def _in_order(demands: Iterable[Demand]) -> list[Demand]:
    """One order of locks for everybody, so that two calls never wait for each other."""
    return sorted(demands, key=lambda one: (one.entry.name, one.subject))


def look(demands: list[Demand]) -> list[Verdict]:
    """What is left, counting nothing. One statement, and one trip to Redis for the fast classes."""
    asked = [(demand, demand.window()) for demand in demands]
    fast = [window for demand, window in asked if not demand.entry.strict]
    found = windows.look_redis(fast) if fast else None
    in_redis = {window.key: count for window, count in zip(fast, found or [], strict=False)}
    stored = _stored([window for _demand, window in asked if window.key not in in_redis])
    return [
        _verdict(
            demand,
            window,
            in_redis.get(window.key) or stored[window.key],
            "redis" if window.key in in_redis else "database",
        )
        for demand, window in asked
    ]


# Housekeeping


def forgotten(now: datetime) -> QuerySet[RateLimit]:
    """Windows that ended."""
    return RateLimit.objects.filter(expires_at__lt=now)


def bring_back() -> bool:
    """Take what the database counted for fast classes back into Redis: each row once, whoever finds it first."""
    fast = [name for name, entry in limit_classes.items() if not entry.strict]
    with transaction.atomic():
        rows = list(RateLimit.objects.select_for_update().filter(route_class__in=fast))
        RateLimit.objects.filter(pk__in=[row.pk for row in rows]).delete()
        taken = all(_take_over(row) for row in rows)
        transaction.set_rollback(not taken)
    return taken


def _take_over(row: RateLimit) -> bool:
    subject = row.rate_key.removeprefix(f"{row.route_class}:")
    window = Window(row.route_class, subject, row.limit_per_window, row.window_duration * 1000)
    used = row.used(time.time_ns() // 1_000_000)
    before = min(row.seeded, used)
    return used == 0 or windows.add_to_redis(window, floor=before, number=used - before)


def _hit_fast(demand: Demand) -> Verdict | None:
    window = demand.window()
    count = windows.hit_redis(window, floor=_floor(window))
    if count is None:
        return None
    _note(window, count.used)
    return _verdict(demand, window, count, "redis")


def _hit_database(demand: Demand) -> Verdict:
    window = demand.window()
    floor = 0 if demand.entry.strict else _floor(window)
    count = windows.hit_database(window, user_id=demand.user_id, floor=floor)
    if not count.allowed and demand.entry.strict:
        seconds = count.reset_ms / 1000
        cache.set(_over_key(window), [window.limit, count.used, time.time() + seconds], seconds)
    return _verdict(demand, window, count, "database")


def _known_over(demand: Demand) -> Verdict | None:
    """A refusal that the database has given and that still holds; None where it must be asked."""
    if demand.spare:
        return None
    window = demand.window()
    limit, used, until = cache.get(_over_key(window)) or (None, 0, 0.0)
    left = int((until - time.time()) * 1000)
    if limit != window.limit or left <= 0:
        return None
    return _verdict(demand, window, Count(allowed=False, used=used, reset_ms=left), "redis")


def forget_subject(window: Window) -> None:
    """Let one window begin anew, in both engines and in this process."""
    RateLimit.objects.filter(rate_key=window.key).delete()
    cache.delete_many([f"rl:{window.key}", _over_key(window)])
    with _seen_lock:
        _seen.pop(window.key, None)


def _over_key(window: Window) -> str:
    return f"rl-over:{window.key}"


def _floor(window: Window) -> int:
    """The count this process saw last, if it still counts: what a new engine starts from."""
    seen_at, used = _seen.get(window.key, (0.0, 0))
    return used if time.monotonic() - seen_at < window.length_ms / 1000 else 0


def _note(window: Window, used: int) -> None:
    with _seen_lock:
        _seen[window.key] = (time.monotonic(), used)
        _seen.move_to_end(window.key)
        while len(_seen) > MAX_SEEN:
            _seen.popitem(last=False)


def _verdict(demand: Demand, window: Window, count: Count, source: str) -> Verdict:
    return Verdict(
        entry=demand.entry,
        limit=window.limit,
        used=count.used,
        reset_s=max(0, -(-count.reset_ms // 1000)),
        allowed=count.allowed or bool(demand.spare and demand.spare()),
        source=source,
    )


def _stored(asked: list[Window]) -> Mapping[str, Count]:
    now_ms = time.time_ns() // 1_000_000
    found = RateLimit.objects.filter(rate_key__in=[window.key for window in asked])
    rows = {row.rate_key: row for row in found}
    return {window.key: _looked_at(window, rows.get(window.key), now_ms) for window in asked}


def _looked_at(window: Window, row: RateLimit | None, now_ms: int) -> Count:
    parts = row.counted(now_ms) if row else []
    if not parts:
        return Count(allowed=True, used=0, reset_ms=0)
    used = sum(count for _part, count in parts)
    width = window.length_ms // windows.PARTS
    reset = (parts[0][0] + windows.PARTS + 1) * width - now_ms
    return Count(allowed=used < window.limit, used=used, reset_ms=reset)
