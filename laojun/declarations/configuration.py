"""Live settings: who may change them, and how a change is told to every process."""

from django.utils.translation import gettext_lazy as _

from accounts import registry, resealing
from accounts.permissions import MANAGERS
from accounts.registry import DeletionStep, NavigationEntry, Schedule
from accounts.resealing import SealedColumn
from laojun import configs, removal, snapshots
from laojun.declarations.entries import actions, console, places, problems, rights, schedules

OPERATORS = MANAGERS | {"ops_admin"}
ACTIONS = {
    "config.set": _("changed a setting"),
    "config.reset": _("reset a setting"),
    "config.rolled_back": _("restored a setting"),
    "limit.changed": _("changed a limit"),
    "limit.cleared": _("let somebody's count begin anew"),
}
PROBLEMS = (
    ("unknown_key", 400, _("No such setting"), _("Use a key that `configs/` lists.")),
    (
        "scope_not_allowed",
        400,
        _("Not to be set here"),
        _("Set it in one of the scopes that `configs/` names for it."),
    ),
    ("out_of_bounds", 400, _("Outside the bounds"), _("Stay within the bounds in `errors`.")),
    (
        "conflicts_with",
        400,
        _("It contradicts another setting"),
        _("Change both settings in one request."),
    ),
    (
        "not_restorable",
        409,
        _("This value cannot be restored"),
        _("Secrets and very long values are not kept in the history; enter the value again."),
    ),
)
RIGHTS = (
    ("config.view", "查看设置", "See the settings", OPERATORS, "low"),
    ("config.edit", "修改设置", "Change the settings", OPERATORS, "high"),
)
PAGE = NavigationEntry(
    "workspace_settings",
    _("Settings"),
    "workspace_settings",
    "console",
    60,
    "config.view",
    group="workspace",
)
REMOVAL = DeletionStep("laojun.remove_settings", removal.remove_settings, 50)
SEALED = SealedColumn(
    "lao_configs.secret_ciphertext",
    configs.sealed_rows,
    lambda row: row.secret_ciphertext,
    configs.place_of,
    configs.keep_sealed,
)


def declare() -> None:
    actions(ACTIONS)
    problems(PROBLEMS)
    rights(RIGHTS)
    places(PAGE)
    console("config", view="config.view", change="config.edit")
    resealing.columns.add(SEALED.key, SEALED)
    registry.deletion_steps.add(REMOVAL.key, REMOVAL)
    schedules(Schedule("laojun.config_announcements", snapshots.repeat_announcements, every_s=5))
