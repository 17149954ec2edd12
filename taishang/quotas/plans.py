"""What a person's plan allows; operators change it live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from laojun import configs
from laojun.definitions import CHOICE, INTEGER, Definition, define

FREE_TOKENS = "ai.free_tier_monthly_tokens"
NEW_WORKSPACE_TOKENS = "ai.workspace.monthly_tokens"
FREE_TIER, ALL = "free_tier", "all"
MOST_TOKENS = 10**15
# Plan → tokens per month (0: unlimited), calls at a time, which platform models. The free plan's tokens have an
# older setting of their own.
SHIPPED = {
    User.Plan.FREE: (None, 2, FREE_TIER),
    User.Plan.PRO: (5_000_000, 10, ALL),
    User.Plan.ENTERPRISE: (0, 50, ALL),
}


@dataclass(frozen=True)
class Plan:
    """`monthly_tokens` None is unlimited; `free_tier_only` leaves the platform's models that are marked so."""

    name: str
    monthly_tokens: int | None
    parallel_calls: int
    free_tier_only: bool


def plan_of(user: User, now: datetime) -> Plan:
    """The plan in force; a lapsed subscription is free from its second of expiry."""
    name = User.Plan(user.effective_plan(now))
    if name == User.Plan.FREE:
        tokens: int | None = configs.value(FREE_TOKENS)
    else:
        tokens = configs.value(f"ai.plan.{name}.monthly_tokens") or None
    return Plan(
        name,
        tokens,
        configs.value(f"ai.plan.{name}.parallel_calls"),
        configs.value(f"ai.plan.{name}.models") == FREE_TIER,
    )


def first_tokens() -> int | None:
    """What a workspace begins with; None is unlimited."""
    return configs.value(NEW_WORKSPACE_TOKENS) or None


def define_settings() -> None:
    for plan, (tokens, parallel, models) in SHIPPED.items():
        named = {"plan": plan.label}
        if tokens is not None:
            define(
                Definition(
                    f"ai.plan.{plan}.monthly_tokens",
                    INTEGER,
                    tokens,
                    format_lazy("{}: {}", named["plan"], _("tokens per month")),
                    _("0 is unlimited."),
                    group="ai",
                    low=0,
                    high=MOST_TOKENS,
                )
            )
        define(
            Definition(
                f"ai.plan.{plan}.parallel_calls",
                INTEGER,
                parallel,
                format_lazy("{}: {}", named["plan"], _("AI calls at a time")),
                group="ai",
                low=1,
                high=10_000,
            )
        )
        define(
            Definition(
                f"ai.plan.{plan}.models",
                CHOICE,
                models,
                format_lazy("{}: {}", named["plan"], _("platform models")),
                _("All of them, or those marked for the free plan."),
                group="ai",
                choices=(FREE_TIER, ALL),
            )
        )
    define(
        Definition(
            NEW_WORKSPACE_TOKENS,
            INTEGER,
            0,
            _("Tokens per month of a new workspace"),
            _("0 is unlimited. Workspaces that have made a call keep their own number."),
            group="ai",
            low=0,
            high=MOST_TOKENS,
        )
    )
