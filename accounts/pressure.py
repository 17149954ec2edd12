"""Who presses against the limits: refusals by class, the busiest subjects now, and letting one begin anew."""

import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, cast

import redis
from django.core.cache import cache
from django.utils import timezone

from accounts import limits
from accounts.cache import Backend
from accounts.limits import Demand, Verdict
from accounts.models import RateLimit, User
from accounts.registry import limit_classes

HOURS = 24
KEPT_SECONDS = (HOURS + 1) * 3600
MAX_SCANNED = 5_000
MAX_LISTED = 20
UUID_SHAPE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_untold: Counter[str] = Counter()
_untold_lock = threading.Lock()


@dataclass(frozen=True)
class Subject:
    """Whose count stands where. `shown` is what people call the subject."""

    verdict: Verdict
    subject: str
    shown: str


def note_refusal(name: str, *, at: datetime | None = None) -> None:
    """Count a refusal by class and hour, for people who watch: while Redis is away it waits in this process."""
    key = _hour_key(at or timezone.now())
    with _untold_lock:
        _untold[name] += 1
        told = dict(_untold)

        def tell(client: redis.Redis) -> Any:
            pipeline = client.pipeline(transaction=False)
            for refused, number in told.items():
                pipeline.hincrby(key, refused, number)
            pipeline.expire(key, KEPT_SECONDS)
            return pipeline.execute()

        if _backend().attempt(tell, None):
            _untold.clear()


def refusals(*, hours: int = HOURS, now: datetime | None = None) -> Counter[str]:
    """How often each class refused within the last hours, the present one included."""
    moment = now or timezone.now()
    keys = [_hour_key(moment - timedelta(hours=back)) for back in range(hours)]

    def ask(client: redis.Redis) -> Any:
        pipeline = client.pipeline(transaction=False)
        for key in keys:
            pipeline.hgetall(key)
        return pipeline.execute()

    found = Counter(_untold)
    for hour in _backend().attempt(ask, []):
        found.update({name.decode(): int(number) for name, number in hour.items()})
    return found


def busiest() -> list[Subject]:
    """The subjects nearest to their limits, by both engines; looks at some thousand windows at most."""
    stored = RateLimit.objects.filter(expires_at__gt=timezone.now(), count__gt=0)
    keys = set(stored.order_by("-count").values_list("rate_key", flat=True)[:MAX_SCANNED])
    prefix = cache.make_key("rl:")
    scanned = _backend().attempt(
        lambda client: list(islice(client.scan_iter(f"{prefix}*", count=1000), MAX_SCANNED)), []
    )
    keys.update(key.decode().removeprefix(prefix) for key in scanned)
    people = _people(keys)
    demands = [demand for key in keys if (demand := _demand(key, people))]
    found = [
        Subject(verdict, demand.subject, _shown(demand, people))
        for demand, verdict in zip(demands, limits.look(demands), strict=True)
        if verdict.used
    ]
    return sorted(found, key=lambda one: one.verdict.remaining / one.verdict.limit)[:MAX_LISTED]


def clear(*, name: str, subject: str) -> bool:
    """Let one subject begin anew in one class. False where no such class exists."""
    entry = limit_classes.get(name)
    if entry is None:
        return False
    limits.forget_subject(Demand(entry, subject).window())
    return True


def _people(keys: Iterable[str]) -> dict[str, User]:
    """The persons among the subjects, by what stands for them in a key."""
    ids = {key.rpartition("user:")[2] for key in keys if ":user:" in key}
    users = User.objects.filter(pk__in=[found for found in ids if UUID_SHAPE.fullmatch(found)])
    return {limits.user_subject(user): user for user in users}


def _demand(key: str, people: dict[str, User]) -> Demand | None:
    name, _colon, subject = key.partition(":")
    entry = limit_classes.get(name)
    if entry is None:
        return None
    factor = limits.plan_factor(people.get(subject)) if entry.subject in limits.PERSONAL else 1
    return Demand(entry, subject, factor=factor)


def _shown(demand: Demand, people: dict[str, User]) -> str:
    person = people.get(demand.subject)
    return person.username if person else demand.subject.removeprefix("net:")


def _hour_key(moment: datetime) -> str:
    return str(cache.make_key(f"refused:{int(moment.timestamp()) // 3600}"))


def _backend() -> Backend:
    return cast(Backend, cache)
