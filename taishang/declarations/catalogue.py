"""What the catalogue of models tells the registries: rights, problems, places, audited deeds, sealed keys."""

from django.utils.translation import gettext_lazy as _

from accounts import registry, resealing
from accounts.permissions import EVERYBODY, MANAGERS, WRITERS
from accounts.registry import ConsoleRight, LimitClass, NavigationEntry, Schedule
from accounts.resealing import SealedColumn
from laojun.configs import Definition, define
from laojun.declarations.entries import actions, places, problems, rights, schedules
from laojun.definitions import TEXT
from taishang.catalogue import keys, offering, prices, uses

OPERATIONS = frozenset({"ops_admin"})
RIGHTS = (
    ("model.view", "查看模型", "See models", EVERYBODY | OPERATIONS, "low"),
    ("model.use", "使用模型", "Use models", WRITERS, "low"),
    ("model.own", "连接自己的模型", "Connect models for oneself", WRITERS, "low"),
    (
        "model.manage",
        "管理工作区的模型",
        "Manage the workspace's models",
        MANAGERS | OPERATIONS,
        "high",
    ),
)
PROBLEMS = (
    (
        "model_not_found",
        404,
        _("No such model"),
        _("Use a name that `models/` or `model-aliases/` lists."),
    ),
    (
        "model_disabled",
        409,
        _("This model is switched off"),
        _("Switch it on, or name another one."),
    ),
    (
        "no_model_configured",
        409,
        _("No model is connected"),
        _("Connect one: with a key, your own server or one of this machine."),
    ),
    (
        "version_immutable",
        409,
        _("What was used stays what it was"),
        _("Make a new version with the change; `fields` names what cannot be changed here."),
    ),
    (
        "model_in_use",
        409,
        _("Something still uses this model"),
        _("Let what `uses` lists use another one, or switch the model off."),
    ),
    (
        "default_refused",
        409,
        _("This model cannot be the default"),
        _("Switch it on first."),
    ),
    (
        "alias_moved",
        409,
        _("Somebody moved this alias meanwhile"),
        _("Look at its current `revision`, then decide again."),
    ),
    (
        "price_taken",
        409,
        _("There is a price from this moment on already"),
        _("Choose another moment."),
    ),
)
ACTIONS = {
    "model.created": _("connected a model"),
    "model.changed": _("changed a model"),
    "model.disabled": _("switched a model off"),
    "model.deleted": _("deleted a model"),
    "model.tested": _("tried a model"),
    "model.key_set": _("entered the key of a model"),
    "model.key_cleared": _("cleared the key of a model"),
    "model.default_set": _("chose a default model"),
    "model.default_cleared": _("gave up a default model"),
    "model.price_added": _("added a price"),
    "alias.moved": _("let an alias lead to a model"),
    "alias.rolled_back": _("took an alias back"),
    "alias.closed": _("gave up an alias"),
}
CURRENCY = Definition(
    prices.CURRENCY,
    TEXT,
    "CNY",
    _("Currency"),
    _("Costs are counted in it; prices in others carry a rate. Three capital letters."),
    group="ai",
    low=3,
    high=3,
    check=prices.is_a_currency,
)
PAGE = NavigationEntry("models", _("AI models"), "models", "spark", 40, "model.view", group="tools")
SEALED = SealedColumn(
    keys.COLUMN,
    keys.sealed_rows,
    lambda row: row.api_key_encrypted,
    keys.place_of,
    keys.keep_sealed,
)
EVERY_MINUTE = 60


def declare() -> None:
    rights(RIGHTS)
    problems(PROBLEMS)
    actions(ACTIONS)
    define(CURRENCY)
    places(PAGE)
    limit = LimitClass("model.test", _("Trying models"), 6, 60, "user")
    registry.limit_classes.add(limit.name, limit)
    registry.page_limits.add("model_test", {"POST": (limit.name,)})
    resealing.columns.add(SEALED.key, SEALED)
    for model in ("model", "modelalias", "modelprice"):
        registry.console_rights.add(f"taishang.{model}", ConsoleRight("model.view", "model.manage"))
    uses.probes.add("aliases", uses.aliases)
    registry.setting_choices.add("default_model_id", offering.choices)
    registry.reference_resolvers.add("model", offering.exists)
    schedules(
        Schedule("taishang.prices_due", prices.copy_all_due, every_s=EVERY_MINUTE),
    )
