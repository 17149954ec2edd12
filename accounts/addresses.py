"""A person's addresses: which of them are confirmed, and that two spellings of one never belong to two people."""

from allauth.account import app_settings
from allauth.account.models import EmailAddress, get_emailconfirmation_model
from django.db import IntegrityError, transaction

from accounts import identity, mail, signals
from accounts.models import AddressKey, User

MANDATORY = "mandatory"
LOST_DOMAIN = "invalid"


def must_be_confirmed() -> bool:
    """Whether nobody gets in before an address of theirs is confirmed: so wherever mail can be sent."""
    return bool(app_settings.EMAIL_VERIFICATION == MANDATORY)


def awaits_confirmation(user: User) -> bool:
    """Whether this person has yet to confirm an address. One query at most."""
    confirmed = EmailAddress.objects.filter(user=user, verified=True)
    return must_be_confirmed() and not confirmed.exists()


def open_first(*, user: User, verified: bool) -> None:
    """Write down the address an account was opened with."""
    EmailAddress.objects.create(
        user=user, email=user.email.lower(), primary=True, verified=verified
    )


def track(address: EmailAddress) -> None:
    """Keep the canonical form beside a new or changed row. Raises IntegrityError when somebody else confirmed it."""
    facts = {
        "user_id": address.user_id,
        "email_key": identity.email_key(address.email),
        "verified": address.verified,
    }
    AddressKey.objects.update_or_create(address=address, defaults=facts)


def has_address(*, user: User, email: str) -> bool:
    return AddressKey.objects.filter(user=user, email_key=identity.email_key(email)).exists()


def send_confirmation(*, address: EmailAddress) -> None:
    """Mail the link that confirms an address; it works for a day."""
    key = get_emailconfirmation_model().create(address).key
    url = mail.address_of("account_confirm_email", key)
    mail.send("confirm", user=address.user, to=address.email, url=url)


def resend(*, user: User, reason: str, by: User) -> None:
    """An operator sends the confirmation of the main address again; nothing if it is confirmed."""
    waiting = EmailAddress.objects.filter(user=user, primary=True, verified=False)
    address = waiting.select_related("user").first()
    if address is not None:
        send_confirmation(address=address)
        signals.account_event.send(
            sender=User,
            user=user,
            action="auth.confirmation_sent",
            by=by,
            details={"reason": reason},
        )


def confirm(address: EmailAddress) -> bool:
    """Mark an address as its person's own. False when another person confirmed it before.

    Whoever had given it without ever confirming it loses it: an unproven claim stops nobody.
    """
    try:
        with transaction.atomic():
            address.verified = True
            address.save(update_fields=["verified"])
            _take_from_others(address)
    except IntegrityError:
        address.verified = False
        return False
    return True


def _take_from_others(address: EmailAddress) -> None:
    key = identity.email_key(address.email)
    EmailAddress.objects.filter(key__email_key=key).exclude(user=address.user_id).delete()
    for other in User.objects.filter(email_key=key).exclude(pk=address.user_id):
        lost = f"lost-{other.pk.hex}@{LOST_DOMAIN}"
        User.objects.filter(pk=other.pk).update(email=lost, email_key=lost)
