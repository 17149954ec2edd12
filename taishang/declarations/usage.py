"""What calls of models, their use and their quotas tell the registries."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import MANAGERS
from accounts.registry import Problem
from laojun.declarations import entries
from taishang.providers.errors import MENDING, ErrorClass
from taishang.quotas import plans

RIGHTS = (
    (
        "usage.view",
        "查看 AI 用量",
        "See what AI use costs",
        MANAGERS | {"model_admin", "ops_admin"},
        "low",
    ),
    (
        "quota.manage",
        "设置 AI 配额",
        "Set AI quotas",
        MANAGERS | {"ops_admin"},
        "high",
    ),
)
PROBLEMS = (
    (
        "ai_quota_exceeded",
        429,
        _("The AI quota is used up"),
        _("Wait until it begins anew at `resets_at`, or ask whoever owns the limit to raise it."),
    ),
    (
        "capability_missing",
        400,
        _("The model cannot do this"),
        _("Choose a model with the capability named in `capability`."),
    ),
    (
        "context_too_long",
        400,
        _("The text is longer than the model can read"),
        _("Shorten it, ask for a shorter answer, or choose a model with a larger window."),
    ),
    (
        "model_not_in_plan",
        403,
        _("Your plan does not include this model"),
        _("Choose another model, connect one with a key of your own, or change the plan."),
    ),
    (
        "call_finished",
        409,
        _("The call has ended"),
        _("There is nothing left to stop."),
    ),
)
# How the error classes of providers answer: never as if they were our own 401 or 403.
STATUSES = {
    ErrorClass.MODEL_MISSING: 404,
    ErrorClass.RATE_LIMITED: 429,
    ErrorClass.PROVIDER_QUOTA: 429,
    ErrorClass.FIRST_TOKEN_TIMEOUT: 504,
    ErrorClass.IDLE_TIMEOUT: 504,
    ErrorClass.TOTAL_TIMEOUT: 504,
    ErrorClass.BAD_REQUEST: 400,
    ErrorClass.CONTEXT_TOO_LONG: 400,
    ErrorClass.CONTENT_FILTER: 400,
    ErrorClass.BLOCKED_ADDRESS: 422,
    ErrorClass.BREAKER_OPEN: 503,
    ErrorClass.CANCELLED: 409,
}
TITLE = _("The model could not answer")


def declare() -> None:
    plans.define_settings()
    entries.rights(RIGHTS)
    entries.problems(PROBLEMS)
    for error_class, mending in MENDING.items():
        code = f"provider_{error_class}"
        status = STATUSES.get(error_class, 502)
        registry.problems.add(code, Problem(code, status, TITLE, mending))
