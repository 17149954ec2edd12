"""Why a deed on a plugin is refused. `code` is the stable code of the API, `members` go along with it."""

from collections.abc import Iterable
from typing import Any


class PluginRefused(Exception):
    """The base of these: nothing was changed."""

    code = "illegal_transition"

    def __init__(self, detail: str = "", **members: Any) -> None:
        super().__init__(detail or self.code)
        self.members = members


class IllegalTransition(PluginRefused):
    """The machine has no such step from where the thing stands."""

    code = "illegal_transition"


class SlugTaken(PluginRefused):
    """The slug or the name belongs to another plugin, here or in the catalogue."""

    code = "slug_taken"


class PublisherChanged(PluginRefused):
    """The plugin belongs to another publisher until an operator transfers it."""

    code = "publisher_changed"


class VersionExists(PluginRefused):
    """This version is there already, with other contents."""

    code = "version_exists"


class AlreadyInstalled(PluginRefused):
    code = "already_installed"


class PluginBlocked(PluginRefused):
    code = "plugin_blocked"


class PluginDeprecated(PluginRefused):
    """No new workspace may begin with it."""

    code = "plugin_deprecated"


class VersionYanked(PluginRefused):
    """The version was withdrawn; nobody may be moved to it."""

    code = "version_yanked"


class VersionUnsound(PluginRefused):
    """The version's signature does not let it run here."""

    code = "version_unsound"


class MissingDependency(PluginRefused):
    code = "missing_dependency"


class ConsentMismatch(PluginRefused):
    """Consent is given to exactly what the version asks for, no more and no less."""

    code = "consent_mismatch"


class ConsentRequired(PluginRefused):
    """The new version asks for more; the one in use goes on."""

    code = "consent_required"


class DowngradeRefused(PluginRefused):
    code = "downgrade_refused"


class NothingToRollBack(PluginRefused):
    code = "nothing_to_roll_back"


class InUse(PluginRefused):
    """Something needs it. `users` are up to twenty of those, `{label, url}`."""

    code = "in_use"


class LimitReached(PluginRefused):
    code = "limit_reached"


class PackageRefused(PluginRefused):
    """The package is sound as a container, and still may not come in."""

    def __init__(self, code: str, findings: Iterable[Any]) -> None:
        super().__init__(code, findings=[finding.as_json() for finding in findings])
        self.code = code
