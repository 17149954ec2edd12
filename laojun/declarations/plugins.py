"""Plugins: who may bring them in and use them, what is refused, what is asked of signatures, and what is scanned."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import MANAGERS, WRITERS
from accounts.registry import ConsoleTile, DeletionStep, Job, Letter, NavigationEntry, Schedule
from laojun import files
from laojun.declarations.entries import actions, console, places, problems, rights, schedules
from laojun.definitions import CHOICE, INTEGER, MEBIBYTE, NAMES, Definition, Reader, define
from laojun.files import Purpose
from laojun.plugins import packages, policy, removing, scanning, storing, telling, verdicts

BODY_BYTES = packages.MAX_PACKAGE_BYTES + MEBIBYTE
DOORS_FOR_PACKAGES = (
    "/api/v1/plugins/",
    "/workspace/plugins/package/",
    "/admin/laojun/plugin/add/",
)
SCAN_EVERY_S = 6 * 3600
ACTIONS = {
    "plugin.installed": _("brought a plugin in"),
    "plugin.refused": _("was refused with a plugin"),
    "plugin.status_changed": _("changed what becomes of a plugin"),
    "plugin.enabled": _("switched a plugin on"),
    "plugin.disabled": _("switched a plugin off"),
    "plugin.configured": _("set a plugin up"),
    "plugin.consented": _("changed what a plugin may do"),
    "plugin.upgraded": _("moved a plugin to a new version"),
    "plugin.rolled_back": _("moved a plugin back"),
    "plugin.uninstalled": _("took a plugin away"),
    "plugin.yanked": _("withdrew a version of a plugin"),
    "plugin.publisher_transferred": _("handed a plugin to another publisher"),
    "plugin.unsound": _("found a plugin unsound"),
    "plugin.verified": _("found a plugin sound again"),
    "plugin_key.added": _("trusted a key for plugins"),
    "plugin_key.retired": _("retired a key for plugins"),
    "plugin_key.revoked": _("revoked a key for plugins"),
}
PROBLEMS = (
    (
        "version_exists",
        409,
        _("This version is there already"),
        _("A version never changes. Give the package a higher version and sign it again."),
    ),
    (
        "publisher_changed",
        409,
        _("The plugin belongs to another publisher"),
        _("Ask an operator to hand it over, or choose another slug."),
    ),
    ("slug_taken", 409, _("The name is taken"), _("Choose another slug or name.")),
    (
        "illegal_transition",
        409,
        _("It is not in a state that allows this"),
        _("Read it again; it says what can be done now."),
    ),
    ("already_installed", 409, _("It is in use already"), _("Change the one that is there.")),
    (
        "consent_mismatch",
        409,
        _("The consent is not what the version asks for"),
        _("Send exactly the permissions in `permissions`."),
    ),
    (
        "consent_required",
        409,
        _("The new version asks for more"),
        _("Agree to the permissions in `permissions`; until then the former version goes on."),
    ),
    (
        "missing_dependency",
        409,
        _("Another plugin is missing"),
        _("Switch on the plugins in `missing` first."),
    ),
    ("plugin_blocked", 409, _("The operators blocked this plugin"), _("`reason` says why.")),
    (
        "plugin_deprecated",
        409,
        _("The plugin takes no new users"),
        _("Look for its successor in the catalogue."),
    ),
    ("version_yanked", 409, _("The version was withdrawn"), _("Choose another version.")),
    (
        "version_unsound",
        409,
        _("The version may not run here"),
        _("`findings` says what is wrong with its signature or its package."),
    ),
    (
        "downgrade_refused",
        409,
        _("This version is not newer"),
        _("Use the rollback to go back to the version before."),
    ),
    (
        "nothing_to_roll_back",
        409,
        _("There is no version to go back to"),
        _("A rollback undoes the last upgrade, once."),
    ),
    (
        "in_use",
        409,
        _("Something needs it"),
        _("Switch it off and let go of what `users` names first."),
    ),
    (
        "manifest_invalid",
        422,
        _("The manifest cannot be taken"),
        _("`faults` lists every field that is wrong."),
    ),
    (
        "manifest_not_canonical",
        422,
        _("The manifest is not in canonical form"),
        _("Pack the plugin with `manage.py plugin_pack`."),
    ),
    ("invalid_version", 422, _("Not a version"), _("Use a version of SemVer 2.0, as 1.2.0.")),
    (
        "signature_invalid",
        422,
        _("A signature does not fit"),
        _("Sign the package again with `manage.py plugin_sign`."),
    ),
    (
        "key_unknown",
        422,
        _("Signed by a key that is not trusted for it"),
        _("Ask an operator to trust the key for this slug and publisher."),
    ),
    ("key_revoked", 422, _("The key is no longer trusted"), _("Sign with a key in force.")),
    (
        "unsigned_refused",
        422,
        _("A signature is missing"),
        _("This platform takes signed packages; `findings` says which signature it wants."),
    ),
    (
        "package_unsafe",
        422,
        _("The package is not safe to open"),
        _("Pack the plugin with `manage.py plugin_pack`."),
    ),
)
USERS_OF_PLUGINS = MANAGERS
RIGHTS = (
    ("plugin.view", "查看插件", "See plugins", WRITERS, "low"),
    ("plugin.install", "安装私有插件", "Bring private plugins in", USERS_OF_PLUGINS, "high"),
    ("plugin.enable", "启用插件", "Switch plugins on and off", USERS_OF_PLUGINS, "high"),
    ("plugin.configure", "设置插件", "Set plugins up", USERS_OF_PLUGINS, "high"),
    ("plugin.upgrade", "升级插件", "Upgrade plugins", USERS_OF_PLUGINS, "high"),
    ("plugin.uninstall", "移除插件", "Take plugins away", USERS_OF_PLUGINS, "high"),
    ("plugin_audit.view", "查看插件记录", "See the history of plugins", USERS_OF_PLUGINS, "low"),
)
PAGE = NavigationEntry(
    "workspace_plugins",
    _("Plugins"),
    "workspace_plugins",
    "plug",
    45,
    "plugin.view",
    group="workspace",
)
TILE = ConsoleTile(
    "unsound_plugins", _("Unsound plugins"), "plug", scanning.unsound_tile, 62, "plugin.view"
)
REMOVAL = DeletionStep("laojun.remove_plugins", removing.remove_plugins, 40)
SCAN = Job(
    "laojun.plugin_scan",
    lambda _payload: scanning.scan(),
    {"type": "object", "properties": {}, "additionalProperties": False},
    queue="maintenance",
    label=_("Scan of plugins"),
)

LETTERS = {
    telling.STOPPED: Letter(
        _("The plugin %(plugin)s has stopped"),
        (_("Its page says why, and what can be done. Everything else goes on."),),
        level="warning",
    ),
    telling.WAITING: Letter(
        _("The plugin %(plugin)s waits for consent"),
        (_("It does not run until somebody has read what it asks for and agreed."),),
        level="warning",
    ),
}


def declare() -> None:
    for key, letter in LETTERS.items():
        registry.letters.add(key, letter)
    actions(ACTIONS)
    problems(PROBLEMS)
    rights(RIGHTS)
    places(PAGE)
    console("plugin", view="plugin.view", change="plugin.install")
    console("pluginversion", view="plugin.view", change="plugin.install")
    console("pluginkey", view="plugin.view", change="plugin.install")
    console("plugininstance", view="plugin.view", change="plugin.install")
    files.purposes.add(
        storing.PURPOSE, Purpose(_("plugin package"), None, cap_key=policy.MAX_PACKAGE)
    )
    for door in DOORS_FOR_PACKAGES:
        registry.body_limits.add(door, BODY_BYTES)
    registry.deletion_steps.add(REMOVAL.key, REMOVAL)
    registry.console_tiles.add(TILE.key, TILE)
    registry.jobs.add(SCAN.name, SCAN)
    schedules(Schedule(SCAN.name, scanning.scan, every_s=SCAN_EVERY_S))
    _define()


def _define() -> None:
    define(
        Definition(
            policy.POLICY,
            CHOICE,
            verdicts.REQUIRE_PUBLISHER,
            _("Signatures of plugins"),
            _(
                "require_publisher: signed by a trusted publisher. require_reviewer: and by a reviewer."
                " allow_listed: unsigned ones too, if they are listed below."
            ),
            group="plugins",
            choices=verdicts.POLICIES,
            after=scanning.reconsider,
        )
    )
    define(
        Definition(
            policy.ALLOWED,
            NAMES,
            [],
            _("Plugins allowed without a signature"),
            _("Each as slug@sha256 of its package; only these very bytes are meant."),
            group="plugins",
            check=_named_by_checksum,
            after=scanning.reconsider,
        )
    )
    define(
        Definition(
            policy.MAX_PACKAGE,
            INTEGER,
            packages.MAX_PACKAGE_BYTES,
            _("Largest plugin package"),
            group="plugins",
            low=64 * 1024,
            high=packages.MAX_PACKAGE_BYTES,
            unit=_("bytes"),
        )
    )


def _named_by_checksum(value: Any, _read: Reader) -> Any:
    if all(policy.ALLOWED_SHAPE.fullmatch(name) for name in value):
        return None
    return _("Write each as slug@sha256, with the 64 hex digits of the package.")
