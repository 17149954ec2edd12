"""Browser sign-in: what allauth does for us, bent to our rules."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import (
    addresses,
    closing,
    devices,
    identity,
    joining,
    mail,
    news,
    second_factor,
    secrets,
    sessions,
    sign_ins,
)
from accounts.models import User

MISMATCH = _("These do not fit together. Check the name and the password.")
# allauth's names of what happened → our letter, and what fills its places.
LETTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "account/email/password_changed": ("password_changed", {}),
    "account/email/password_reset": ("password_changed", {}),
    "account/email/password_set": ("password_changed", {}),
    "account/email/email_changed": ("address_changed", {}),
    "account/email/email_deleted": ("address_removed", {}),
    "mfa/email/totp_activated": ("factor_added", {"factor": _("An authenticator app")}),
    "mfa/email/totp_deactivated": ("factor_removed", {"factor": _("An authenticator app")}),
    "mfa/email/webauthn_added": ("factor_added", {"factor": _("A passkey")}),
    "mfa/email/webauthn_removed": ("factor_removed", {"factor": _("A passkey")}),
    "mfa/email/recovery_codes_generated": (
        "factor_added",
        {"factor": _("A new set of recovery codes")},
    ),
    "socialaccount/email/account_connected": ("service_connected", {}),
    "socialaccount/email/account_disconnected": ("service_removed", {}),
}


PROOFS = {
    "reauthenticate": _("with the password"),
    "mfa_reauthenticate": _("with a code"),
    "mfa_reauthenticate:webauthn": _("with a passkey"),
}
# allauth's short messages, in our words; what is missing here is not worth a word.
MESSAGES = {
    "account/messages/email_confirmation_sent.txt": _("A letter is on its way to %(email)s."),
    "account/messages/email_confirmed.txt": _("%(email)s is confirmed."),
    "account/messages/email_deleted.txt": _("%(email)s is removed."),
    "account/messages/cannot_delete_primary_email.txt": _(
        "The main address cannot be removed; make another one the main one first."
    ),
    "account/messages/primary_email_set.txt": _("Letters now go to this address."),
    "account/messages/unverified_primary_email.txt": _("Confirm the address first."),
    "account/messages/password_changed.txt": _("The password is changed."),
    "account/messages/password_set.txt": _("The password is set."),
    "mfa/messages/totp_activated.txt": _("The authenticator app is switched on."),
    "mfa/messages/totp_deactivated.txt": _("The authenticator app is removed."),
    "mfa/messages/webauthn_added.txt": _("The passkey is added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey is removed."),
    "mfa/messages/recovery_codes_generated.txt": _("You have new recovery codes. Keep them."),
    "socialaccount/messages/account_connected.txt": _("The service is connected."),
    "socialaccount/messages/account_connected_other.txt": _(
        "This account of the service is connected to somebody else here."
    ),
}


class Adapter(DefaultAccountAdapter):
    # One sentence for every wrong sign-in, so that it says nothing about which accounts exist.
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": MISMATCH,
        "username_password_mismatch": MISMATCH,
        "duplicate_email": _("You have this address already."),
        "max_email_addresses": _("You cannot have more than %d addresses."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("This is not your password."),
        "invalid_password_reset": _("This link was used already, or is older than an hour."),
    }

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        text = message or MESSAGES.get(message_template or "")
        if text:
            messages.add_message(request, level, str(text) % (message_context or {}), extra_tags)

    def clean_email(self, email: str) -> str:
        return identity.clean_email(email, allow_local=True)

    def clean_username(self, username: str, shallow: bool = False) -> str:  # noqa: FBT001, FBT002
        return identity.clean_username(username)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return True

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Names are chosen, never made up."""

    # Signing in

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        login = str(credentials.get("username") or credentials.get("email") or "")
        sign_ins.failed(login=login[: identity.EMAIL_MAX_BYTES], facts=sessions.facts(request))

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Who closed the account and has the password may open it again; anybody else is told it is closed."""
        if user.status == User.Status.DEACTIVATED:
            request.session[closing.RETURNING_KEY] = str(user.pk)
            return redirect("reactivation")
        return super().respond_user_inactive(request, user)

    def post_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse:
        response = super().post_login(request, user, **options)
        if not user.is_staff and second_factor.is_overdue(user, now=timezone.now()):
            request.session[second_factor.ENROL_KEY] = True
            return redirect("mfa_index")
        if joining.WAITING_KEY in request.session:
            return redirect("service_join")
        return response

    def is_reauthentication_required(self, *, app: str, **_options: Any) -> bool:
        """Our row of the session decides, for pages and programs alike."""
        principal = self.request.principal
        if sessions.is_fresh(principal.session_id, now=timezone.now()):
            return False
        if not self.get_reauthentication_methods(self.request.user):
            raise ImmediateHttpResponse(redirect("prove_by_service"))
        return True

    def get_client_ip(self, request: HttpRequest) -> str:
        return sessions.client_ip(request) or ""

    # Addresses

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        if not addresses.confirm(email_address):
            self.add_message(
                request, messages.ERROR, message=str(_("This address belongs to another account."))
            )
            return False
        email_address.set_as_primary(conditional=True)
        email_confirmed.send(sender=EmailAddress, request=request, email_address=email_address)
        return True

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Letters need somewhere to go."""
        return not email_address.primary and email_address.email != email_address.user.email.lower()

    # Mail

    def send_confirmation_mail(
        self,
        request: HttpRequest,
        emailconfirmation: Any,
        signup: bool,  # noqa: FBT001
    ) -> None:
        addresses.send_confirmation(address=emailconfirmation.email_address)

    def send_account_already_exists_mail(self, email: str) -> None:
        """To the address that is stored, never to the one that was typed."""
        owner = identity.find(email)
        if owner is not None:
            mail.send("taken", user=owner, url=mail.address_of("account_reset_password"))

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        letter, places = LETTERS[template_prefix]
        given = context or {}
        news.tell(
            letter,
            user=user,
            to=email or "",
            link=("security", ""),
            new=given.get("to_email", ""),
            old=given.get("deleted_email", ""),
            service=getattr(given.get("provider"), "name", ""),
            **places,
            **mail.where(sessions.facts(self.request)),
        )

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        return [
            {**method, "description": PROOFS[method["id"]]}
            for method in super().get_reauthentication_methods(user)
        ]


class MfaAdapter(DefaultMFAAdapter):
    """Second factors: sealed by the key ring, bound to the public name of this installation."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is wrong or was used. Wait for the next one."),
        "unverified_email": _("Confirm your addresses first, or remove those that are not."),
    }

    def encrypt(self, text: str) -> str:
        return secrets.seal(text, place=second_factor.PLACE)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.unseal(encrypted_text, place=second_factor.PLACE)

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """What this device calls itself: that is where the key will lie."""
        named = devices.describe(context.request.META.get("HTTP_USER_AGENT", ""))
        return named or str(_("A passkey"))

    def get_totp_issuer(self) -> str:
        return mail.SITE

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": str(urlsplit(settings.PUBLIC_URL).hostname), "name": mail.SITE}
