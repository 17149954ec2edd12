"""Browser sign-in: what allauth does for us, bent to our rules."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import identity

MISMATCH = _("These do not fit together. Check the name and the password.")


class Adapter(DefaultAccountAdapter):
    # One sentence for every wrong sign-in, so that it says nothing about which accounts exist.
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": MISMATCH,
        "username_password_mismatch": MISMATCH,
    }

    def clean_email(self, email: str) -> str:
        return identity.clean_email(email, allow_local=True)

    def clean_username(self, username: str, shallow: bool = False) -> str:  # noqa: FBT001, FBT002
        return identity.clean_username(username)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return True

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Names are chosen, never made up."""
