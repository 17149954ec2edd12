"""What calls of models, their use and their quotas tell the registries."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import MANAGERS
from accounts.registry import (
    ConsoleRight,
    ConsoleTile,
    DeletionStep,
    Letter,
    NavigationEntry,
    NoticeType,
    Problem,
    RestoreStep,
    Schedule,
)
from laojun.declarations import entries
from taishang.gateway import keeping, sweeping
from taishang.providers.errors import MENDING, ErrorClass
from taishang.quotas import plans
from taishang.usage import reconciling, tiles

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
        "export_too_large",
        413,
        _("More lines than one export holds"),
        _("Ask for fewer days."),
    ),
    (
        "call_finished",
        409,
        _("The call has ended"),
        _("There is nothing left to stop."),
    ),
)
ACTIONS = {
    "model_call.cancelled": _("stopped a call of a model"),
    "provider.reset": _("let a provider be asked again"),
    "quota.changed": _("changed the AI quota"),
    "quota.reset": _("began an AI quota anew"),
    "usage.recompute_asked": _("asked for costs to be counted again"),
    "usage.recomputed": _("counted costs again"),
    "usage.repaired": _("mended days of use"),
}
NOTICE = NoticeType("ai_quota", _("AI quotas that are nearly used up"))
LETTERS = {
    "quota_warning": Letter(
        _("%(percent)s of the AI quota is used"),
        (
            _("%(percent)s of this month's AI quota is used: %(what)s."),
            _("When it is used up, calls are refused until it begins anew."),
        ),
        _("See the use"),
        "ai_quota",
        category="system",
        level="warning",
    ),
    "quota_exhausted": Letter(
        _("The AI quota is used up"),
        (
            _("This month's AI quota is used up: %(what)s."),
            _("Raise it, or wait until it begins anew."),
        ),
        _("See the use"),
        "ai_quota",
        category="system",
        level="error",
    ),
    "provider_key_rejected": Letter(
        _("A provider no longer accepts a key"),
        (
            _("The key of the model %(model)s was rejected by its provider."),
            _("Enter a key that is valid there; until then calls of this model fail."),
        ),
        _("See the model"),
        category="system",
        level="error",
    ),
    "usage_differs": Letter(
        _("AI use differed from its calls"),
        (
            _("On %(days)s days the sums of use did not agree with the calls. They were mended."),
            _("This should never happen; please look at the audit log and tell the maintainers."),
        ),
        _("See the use"),
        category="system",
        level="error",
    ),
}
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
PAGE = NavigationEntry("usage", _("AI use"), "usage", "coin", 50, "model.view", group="tools")
TILE = ConsoleTile("ai_cost", _("AI costs today"), "activity", tiles.cost_today, 40, "usage.view")
TITLE = _("The model could not answer")


def declare() -> None:
    plans.define_settings()
    entries.rights(RIGHTS)
    entries.problems(PROBLEMS)
    for error_class, mending in MENDING.items():
        code = f"provider_{error_class}"
        status = STATUSES.get(error_class, 502)
        registry.problems.add(code, Problem(code, status, TITLE, mending))
    entries.actions(ACTIONS)
    registry.notice_types.add(NOTICE.key, NOTICE)
    for name, letter in LETTERS.items():
        registry.letters.add(name, letter)
    for policy in keeping.POLICIES:
        registry.retention_policies.add(policy.table, policy)
    step = DeletionStep("taishang.remove_calls", keeping.remove_calls, 35)
    registry.deletion_steps.add(step.key, step)
    restore = RestoreStep("taishang.call_leases", keeping.end_leases, 55)
    registry.after_restore.add(restore.key, restore)
    for model, change in (
        ("modelcall", "quota.manage"),
        ("quota", "quota.manage"),
        ("userquota", "quota.manage"),
    ):
        registry.console_rights.add(f"taishang.{model}", ConsoleRight("usage.view", change))
    entries.places(PAGE)
    registry.page_limits.add("usage_export", {"GET": ("export",)})
    registry.link_resolvers.add("usage", lambda _id: reverse("usage"))
    registry.console_tiles.add(TILE.key, TILE)
    entries.schedules(
        Schedule("calls.sweep", sweeping.sweep, every_s=sweeping.EVERY_SECONDS),
        Schedule("usage.reconcile", reconciling.run, cron="40 3 * * *", label=_("Compare AI use")),
    )
