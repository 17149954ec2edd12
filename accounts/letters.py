"""What the platform writes by mail: each letter is a subject, a few sentences and at most one link.

Words are translated when a letter is rendered, in the reader's language.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Letter:
    """`lines` and `subject` may hold `%(name)s` places. `action` is the word on the link (parameter `url`).

    `notice` names the kind of notice by which a person can do without this letter; "" cannot be switched off.
    """

    subject: Any
    lines: tuple[Any, ...]
    action: Any = ""
    notice: str = ""


IF_NOT_YOU = _("If this was not you, reset your password at once and look through your devices.")
WHERE = _("Device: %(device)s. Network: %(ip)s. Time: %(time)s.")

LETTERS: dict[str, Letter] = {
    "confirm": Letter(
        _("Confirm your address"),
        (
            _("Somebody, most likely you, gave this address to %(site)s for the account %(name)s."),
            _("Confirm it by the link below; it works for 24 hours."),
            _("If you know nothing of it, do nothing: without you nobody can use this address."),
        ),
        _("Confirm the address"),
    ),
    "taken": Letter(
        _("You already have an account"),
        (
            _("Somebody tried to open an account at %(site)s with this address, which is yours."),
            _("If it was you, sign in as %(name)s, or reset the password by the link below."),
            _("If it was not you, do nothing; nothing has changed."),
        ),
        _("Reset the password"),
    ),
    "reset": Letter(
        _("Choose a new password"),
        (
            _("Somebody, most likely you, asked for a new password for %(name)s at %(site)s."),
            _("The link below works once and for one hour. Every device is signed out then."),
            _("If it was not you, do nothing; your password stays as it is."),
        ),
        _("Choose a new password"),
    ),
    "password_changed": Letter(
        _("Your password was changed"),
        (
            _(
                "The password of %(name)s at %(site)s was changed; every other device is signed out."
            ),
            WHERE,
            _("API keys go on working. If a password was stolen, revoke them by the link below."),
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
    ),
    "address_changed": Letter(
        _("Your address was changed"),
        (
            _("Letters for %(name)s at %(site)s now go to %(new)s instead of this address."),
            WHERE,
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
    ),
    "address_removed": Letter(
        _("An address was removed"),
        (_("The address %(old)s no longer belongs to %(name)s at %(site)s."), WHERE, IF_NOT_YOU),
        _("Look at devices and keys"),
    ),
    "factor_added": Letter(
        _("Second factor added"),
        (
            _("%(factor)s was added to the account %(name)s at %(site)s."),
            WHERE,
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
    ),
    "factor_removed": Letter(
        _("Second factor removed"),
        (
            _("%(factor)s was removed from the account %(name)s at %(site)s."),
            WHERE,
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
    ),
    "factor_wanted": Letter(
        _("A second factor is needed"),
        (
            _("The operators of %(site)s ask %(name)s to sign in with a second factor."),
            _("Set it up by the link below before %(until)s."),
        ),
        _("Set up a second factor"),
    ),
    "service_connected": Letter(
        _("A service was connected"),
        (_("One can now sign in as %(name)s at %(site)s with %(service)s."), WHERE, IF_NOT_YOU),
        _("Look at devices and keys"),
    ),
    "service_removed": Letter(
        _("A service was disconnected"),
        (
            _("One can no longer sign in as %(name)s at %(site)s with %(service)s."),
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
    ),
    "new_device": Letter(
        _("New sign-in"),
        (
            _("%(name)s signed in at %(site)s from a device or network we had not seen before."),
            WHERE,
            _("If this was you, nothing needs to be done."),
            _(
                "If not, the link below ends that sign-in and locks the password until you reset it."
            ),
        ),
        _("This was not me"),
        "new_device",
    ),
    "tokens_stolen": Letter(
        _("A device was signed out"),
        (
            _("A sign-in of %(name)s at %(site)s was copied or used twice, so we ended it."),
            WHERE,
            _("Sign in again on that device. If you did not copy anything, reset your password."),
        ),
        _("Look at devices and keys"),
    ),
    "api_key_created": Letter(
        _("An API key was made"),
        (
            _("The API key “%(key)s” was made for %(name)s at %(site)s."),
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
        "api_keys",
    ),
    "api_key_expires": Letter(
        _("An API key expires soon"),
        (
            _("The API key “%(key)s” of %(name)s at %(site)s stops working on %(until)s."),
            _("Make a new one and put it into your programs before that."),
        ),
        _("Look at devices and keys"),
        "api_keys",
    ),
    "suspended": Letter(
        _("Your account is suspended"),
        (
            _("The operators of %(site)s suspended the account %(name)s. Your data is untouched."),
            _("Reason: %(reason)s"),
        ),
    ),
    "activated": Letter(
        _("Your account is active again"),
        (_("You can sign in at %(site)s as %(name)s again."),),
        _("Sign in"),
    ),
    "closing": Letter(
        _("Your account is closed"),
        (
            _("The account %(name)s at %(site)s is closed. It is deleted for good on %(until)s."),
            _("Until then, signing in opens it again."),
        ),
        _("Sign in"),
    ),
    "reopened": Letter(
        _("Your account is open again"),
        (_("The account %(name)s at %(site)s is open again; nothing is deleted."), IF_NOT_YOU),
        _("Look at devices and keys"),
    ),
}
