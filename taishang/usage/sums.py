"""Use in sums, as people read it: in total, and by day, model, purpose or person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from accounts.models import User
from taishang.models import Model, UsageDay

BY_DAY, BY_MODEL, BY_TYPE, BY_USER = "day", "model", "type", "user"
SHOWN = Decimal("0.01")
GROUPINGS = (BY_DAY, BY_MODEL, BY_TYPE, BY_USER)


@dataclass
class Sums:
    """`cost` adds the known costs; with `unknown_cost_calls` it is "at least". Units: tokens, the platform's currency."""

    requests: int = 0
    failed: int = 0
    cached: int = 0
    refused: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = Decimal(0)
    unknown_cost_calls: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def cost_is_complete(self) -> bool:
        return self.unknown_cost_calls == 0

    def add_day(self, row: UsageDay) -> None:
        self.requests += row.total_requests
        self.failed += row.failed_requests
        self.cached += row.cached_requests
        self.refused += row.refused_requests
        self.input_tokens += row.total_input_tokens
        self.output_tokens += row.total_output_tokens
        self.cost += row.total_cost
        self.unknown_cost_calls += row.unknown_cost_calls

    def add_part(self, part: Mapping[str, Any]) -> None:
        self.requests += part["requests"]
        self.input_tokens += part["input_tokens"]
        self.output_tokens += part["output_tokens"]
        self.cost += Decimal(part["cost"])
        self.unknown_cost_calls += part["unknown_cost_calls"]


@dataclass
class Group:
    """One line: `key` is a day, a model's id, a purpose or a person's id, `label` what people call it."""

    key: str
    label: str
    sums: Sums = field(default_factory=Sums)


def total(rows: Iterable[UsageDay]) -> Sums:
    found = Sums()
    for row in rows:
        found.add_day(row)
    return found


def grouped(rows: Iterable[UsageDay], by: str) -> list[Group]:
    """Days in their order, everything else by what it cost and used, most first. One query for the labels."""
    groups: dict[str, Group] = {}
    for row in rows:
        for key, part in _parts(row, by):
            group = groups.setdefault(key, Group(key, key))
            if part is None:
                group.sums.add_day(row)
            else:
                group.sums.add_part(part)
    _label(groups, by)
    if by == BY_DAY:
        return [groups[key] for key in sorted(groups)]
    return sorted(groups.values(), key=lambda group: (-group.sums.cost, -group.sums.tokens))


def _parts(row: UsageDay, by: str) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    if by == BY_MODEL:
        yield from row.by_model.items()
    elif by == BY_TYPE:
        yield from row.by_type.items()
    elif by == BY_USER:
        yield str(row.user_id or ""), None
    else:
        yield row.stat_date.isoformat(), None


def _label(groups: Mapping[str, Group], by: str) -> None:
    names: dict[str, str] = {}
    if by == BY_MODEL:
        names = {str(model.pk): str(model) for model in Model.objects.filter(pk__in=list(groups))}
    elif by == BY_USER:
        wanted = [key for key in groups if key]
        people = User.objects.filter(pk__in=wanted).values_list("pk", "username")
        names = {str(pk): name for pk, name in people}
    for key, group in groups.items():
        group.label = names.get(key, "" if by in {BY_MODEL, BY_USER} else key)
