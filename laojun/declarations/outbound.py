"""The outbound guard: its refusals, and who may open an address."""

from django.utils.translation import gettext_lazy as _

from laojun.declarations.entries import actions, console, problems

ACTIONS = {
    "outbound_rule.added": _("opened an outbound address"),
    "outbound_rule.changed": _("changed an outbound rule"),
    "outbound_rule.removed": _("removed an outbound rule"),
    "outbound.refused": _("was kept from an address"),
}
PROBLEMS = (
    (
        "blocked_address",
        422,
        _("This address cannot be used"),
        _("It is not reachable or not allowed. An operator can open inner addresses."),
    ),
)


def declare() -> None:
    actions(ACTIONS)
    problems(PROBLEMS)
    console("outboundrule", view="config.view", change="config.edit")
