"""How long each table of identity keeps its rows."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import (
    idempotency,
    limits,
    permissions,
    registry,
    sessions,
    sign_ins,
    sync,
    tokens,
)
from accounts.registry import RetentionPolicy

WITH_THE_PERSON = _("until the account is deleted")
WITH_THE_WORKSPACE = _("until the workspace is deleted")
FOR_EVER = _("for ever")
KEPT = {
    "accounts_users": _("until the account is deleted; then its name is erased and the row stays"),
    "accounts_profiles": WITH_THE_PERSON,
    "accounts_user_settings": WITH_THE_PERSON,
    "accounts_workspaces": _("for ever; a deleted workspace keeps its number alone"),
    "accounts_api_keys": WITH_THE_WORKSPACE,
    "accounts_invitations": WITH_THE_WORKSPACE,
    "accounts_roles": WITH_THE_WORKSPACE,
    "mfa_authenticator": WITH_THE_PERSON,
}


def declare() -> None:
    for table, why in KEPT.items():
        registry.retention_policies.add(table, RetentionPolicy(table, "keep", why))
    for policy in (
        _delete("accounts_idempotency_keys", idempotency.forgotten, _("24 hours"), often=True),
        _delete("accounts_rate_limits", limits.forgotten, _("until the window ends"), often=True),
        _delete(
            "accounts_refresh_tokens", tokens.forgotten, _("7 days after their end"), often=True
        ),
        _delete("accounts_sessions", sessions.forgotten, _("30 days after their end"), often=True),
        _delete("accounts_sign_ins", sign_ins.forgotten, _("90 days")),
        _delete("accounts_user_roles", permissions.forgotten, _("until their end"), often=True),
        _delete("accounts_changes", sync.forgotten, _("tombstones 90 days")),
    ):
        registry.retention_policies.add(policy.table, policy)


def _delete(table: str, due: Any, why: Any, *, often: bool = False) -> RetentionPolicy:
    return RetentionPolicy(table, "delete", why, due=due, often=often)
