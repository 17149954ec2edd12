"""What an evaluation found: counts for all, for each language and tag, times, floors."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from querygpt.evaluation.suites import Question

OUTCOMES = ("correct", "wrong", "abstained", "clarified", "refused", "failed", "timed_out")


@dataclass(frozen=True)
class Verdict:
    """How one question went. `outcome` counts extra columns as right, `is_strict` does not."""

    question: Question
    outcome: str
    is_strict: bool = False
    sql: str = ""
    reason: str = ""
    attempts: int = 1
    planning_ms: float = 0.0
    total_ms: float = 0.0
    tokens: int = 0
    cost: Decimal | None = Decimal(0)


@dataclass
class Report:
    verdicts: list[Verdict] = field(default_factory=list)
    suite_sha256: str = ""
    catalogue_version: str = ""
    engine: str = "planner"

    def told(self) -> dict[str, Any]:
        """JSON for `--out`."""
        return {
            "suite_sha256": self.suite_sha256,
            "engine": self.engine,
            "catalogue_version": self.catalogue_version,
            "all": figures(self.verdicts),
            "languages": self._by(lambda one: [one.question.language]),
            "tags": self._by(lambda one: list(one.question.tags)),
            "questions": [_line(one) for one in self.verdicts],
        }

    def _by(self, keys: Any) -> dict[str, Any]:
        groups: dict[str, list[Verdict]] = defaultdict(list)
        for one in self.verdicts:
            for key in keys(one):
                groups[key].append(one)
        return {key: figures(groups[key]) for key in sorted(groups)}


def figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Shares are of the answerable; `not_answered` is of those that no query can answer."""
    answerable = [one for one in verdicts if one.question.answerable]
    others = [one for one in verdicts if not one.question.answerable]
    counts = Counter(one.outcome for one in answerable)
    times = sorted(one.total_ms for one in verdicts)
    return {
        "asked": len(answerable),
        **{name: counts[name] for name in OUTCOMES},
        "strict": sum(one.is_strict for one in answerable),
        "correct_share": _share(counts["correct"], len(answerable)),
        "wrong_share": _share(counts["wrong"], len(answerable)),
        "unanswerable": len(others),
        "not_answered_share": _share(sum(one.outcome != "wrong" for one in others), len(others)),
        "attempts": round(sum(one.attempts for one in verdicts) / max(1, len(verdicts)), 2),
        "tokens": sum(one.tokens for one in verdicts),
        "cost": str(sum((one.cost or Decimal(0) for one in verdicts), Decimal(0))),
        "p50_ms": _quantile(times, 0.5),
        "p95_ms": _quantile(times, 0.95),
    }


def below_floors(
    found: dict[str, Any], *, min_correct: float | None, max_wrong: float | None
) -> list[str]:
    """Sentences about the floors that were missed."""
    missed = []
    if min_correct is not None and found["correct_share"] < min_correct:
        missed.append(f"correct {found['correct_share']:.3f} < {min_correct}")
    if max_wrong is not None and found["wrong_share"] > max_wrong:
        missed.append(f"wrong {found['wrong_share']:.3f} > {max_wrong}")
    return missed


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _quantile(times: Sequence[float], share: float) -> float:
    return round(times[min(len(times) - 1, int(len(times) * share))], 1) if times else 0.0


def _line(one: Verdict) -> dict[str, Any]:
    return {
        "id": one.question.id,
        "question": one.question.question,
        "outcome": one.outcome,
        "strict": one.is_strict,
        "sql": one.sql,
        "reason": one.reason,
        "attempts": one.attempts,
        "ms": round(one.total_ms, 1),
    }
