"""What a question asks for, still in its own words: the slots that `reading` fills and `intents` resolves."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from querygpt.planner.linking import Token

Scalar = str | int | Decimal


class Unclear(Exception):
    """The question cannot become one plan; `reason` is a key of `wording`, `words` what it is about."""

    def __init__(self, reason: str, *words: str, kind: str = "abstain") -> None:
        super().__init__(reason, *words)
        self.reason = reason
        self.words = words
        self.kind = kind


class SeveralTimes(Unclear):
    """A table has several columns of time and none is named."""

    def __init__(self, table: str, columns: list[str]) -> None:
        super().__init__("which_time", table, ", ".join(columns), kind="clarify")
        self.table = table
        self.columns = columns


@dataclass
class Condition:
    """`target` op `values`; without a target the values or the unit say which column."""

    op: str
    values: list[Scalar] = field(default_factory=list)
    target: Token | None = None
    is_money: bool = False
    concept: str = ""
    unit: str = ""


@dataclass
class Having:
    """agg(target) op number, of each row of `owner`."""

    agg: str
    target: Token
    op: str
    number: int | Decimal
    owner: Token | None = None


@dataclass
class Measure:
    agg: str
    target: Token | None


@dataclass
class Superlative:
    """The best or worst by `target`, by the count of `counted`, or by what an adjective implies."""

    is_descending: bool
    target: Token | None = None
    counted: Token | None = None
    concept: str = ""
    start: int = -1
    is_value: bool = False


@dataclass
class Asked:
    """The slots."""

    measures: list[Measure] = field(default_factory=list)
    groups: list[Token] = field(default_factory=list)
    buckets: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    values: list[tuple[Token, bool, Token | None]] = field(default_factory=list)
    flags: list[tuple[Token, bool]] = field(default_factory=list)
    periods: list[tuple[Token, Token | None]] = field(default_factory=list)
    having: list[Having] = field(default_factory=list)
    exists: list[tuple[Token, bool]] = field(default_factory=list)
    superlative: Superlative | None = None
    sort: tuple[Token, bool] | None = None
    limit: int | None = None
    subjects: list[Token] = field(default_factory=list)
    mentions: list[Token] = field(default_factory=list)
    filter_terms: list[Token] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
