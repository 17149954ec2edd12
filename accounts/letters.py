"""What accounts tells people: each letter is a subject, a few sentences and at most one link.

Words are translated when a letter is rendered, in the reader's language.
"""

from django.utils.translation import gettext_lazy as _

from accounts.registry import Letter, letters

IF_NOT_YOU = _("If this was not you, reset your password at once and look through your devices.")
INVITED = _("%(inviter)s offers you a place in the workspace %(workspace)s at %(site)s.")
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
        category="security",
    ),
    "address_changed": Letter(
        _("Your address was changed"),
        (
            _("Letters for %(name)s at %(site)s now go to %(new)s instead of this address."),
            WHERE,
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
        category="security",
    ),
    "address_removed": Letter(
        _("An address was removed"),
        (_("The address %(old)s no longer belongs to %(name)s at %(site)s."), WHERE, IF_NOT_YOU),
        _("Look at devices and keys"),
        category="security",
    ),
    "factor_added": Letter(
        _("Second factor added"),
        (
            _("%(factor)s was added to the account %(name)s at %(site)s."),
            WHERE,
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
        category="security",
    ),
    "factor_removed": Letter(
        _("Second factor removed"),
        (
            _("%(factor)s was removed from the account %(name)s at %(site)s."),
            WHERE,
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
        category="security",
    ),
    "factor_wanted": Letter(
        _("A second factor is needed"),
        (
            _("The operators of %(site)s ask %(name)s to sign in with a second factor."),
            _("Set it up by the link below before %(until)s."),
        ),
        _("Set up a second factor"),
        category="security",
        level="warning",
        brief=(
            _("The operators of %(site)s ask %(name)s to sign in with a second factor."),
            _("Set it up before %(until)s."),
        ),
    ),
    "service_connected": Letter(
        _("A service was connected"),
        (_("One can now sign in as %(name)s at %(site)s with %(service)s."), WHERE, IF_NOT_YOU),
        _("Look at devices and keys"),
        category="security",
    ),
    "service_removed": Letter(
        _("A service was disconnected"),
        (
            _("One can no longer sign in as %(name)s at %(site)s with %(service)s."),
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
        category="security",
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
        category="security",
        level="warning",
    ),
    "tokens_stolen": Letter(
        _("A device was signed out"),
        (
            _("A sign-in of %(name)s at %(site)s was copied or used twice, so we ended it."),
            WHERE,
            _("Sign in again on that device. If you did not copy anything, reset your password."),
        ),
        _("Look at devices and keys"),
        category="security",
        level="warning",
    ),
    "api_key_created": Letter(
        _("An API key was made"),
        (
            _("The API key “%(key)s” was made for %(name)s at %(site)s."),
            IF_NOT_YOU,
        ),
        _("Look at devices and keys"),
        "api_keys",
        category="security",
    ),
    "api_key_expires": Letter(
        _("An API key expires soon"),
        (
            _("The API key “%(key)s” of %(name)s at %(site)s stops working on %(until)s."),
            _("Make a new one and put it into your programs before that."),
        ),
        _("Look at devices and keys"),
        "api_keys",
        category="security",
        level="warning",
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
        category="security",
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
        category="security",
    ),
    "invitation": Letter(
        _("%(inviter)s invites you to %(workspace)s"),
        (
            INVITED,
            _("%(message)s"),
            _("Accept or decline by the link below within %(days)s days."),
            _(
                "It works for the address this letter was sent to. If you do not know the sender, do nothing."
            ),
        ),
        _("Look at the invitation"),
        brief=(INVITED, _("The letter to your address holds the link to answer it.")),
        category="invite",
    ),
    "member_joined": Letter(
        _("%(person)s joined %(workspace)s"),
        (_("%(person)s accepted your invitation to %(workspace)s."),),
        _("See the members"),
        "workspaces",
        category="update",
    ),
    "role_changed": Letter(
        _("Your roles in %(workspace)s changed"),
        (_("In the workspace %(workspace)s you now have: %(roles)s."),),
        _("Open the workspace"),
        "workspaces",
        category="update",
    ),
    "member_removed": Letter(
        _("You are no longer in %(workspace)s"),
        (
            _("Somebody who manages the members of %(workspace)s took you out."),
            _("Your keys there no longer work; your own workspaces are untouched."),
        ),
        notice="workspaces",
        category="update",
        level="warning",
    ),
    "ownership_offered": Letter(
        _("%(owner)s offers you the workspace %(workspace)s"),
        (
            _("You can take %(workspace)s over within %(days)s days."),
            _("Its owner becomes an administrator then."),
        ),
        _("Look at the offer"),
        category="invite",
    ),
    "ownership_transferred": Letter(
        _("%(owner)s took %(workspace)s over"),
        (_("%(workspace)s now belongs to %(owner)s. You are an administrator of it."),),
        _("Open the workspace"),
        category="update",
    ),
    "workspace_deletion": Letter(
        _("%(workspace)s is being deleted"),
        (
            _("%(owner)s deleted the workspace %(workspace)s."),
            _("Its owner can restore it until %(due)s; after that nothing of it is left."),
        ),
        _("Open the workspace"),
        category="update",
        level="warning",
    ),
    "workspace_restored": Letter(
        _("%(workspace)s is back"),
        (_("The deletion of %(workspace)s was taken back. Everything is as it was."),),
        _("Open the workspace"),
        "workspaces",
        category="update",
    ),
    "workspace_suspended": Letter(
        _("%(workspace)s is suspended"),
        (
            _("An operator suspended the workspace %(workspace)s: %(reason)s"),
            _(
                "It can be read and exported; nothing can be changed or run until it is activated again."
            ),
        ),
        _("Open the workspace"),
        category="update",
        level="warning",
    ),
}


def declare() -> None:
    for key, letter in LETTERS.items():
        letters.add(key, letter)
