"""Second factors: whether a person has one, must have one, and whether a code is good, once."""

import time
from datetime import datetime, timedelta

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import news, resealing, signals
from accounts.models import User
from accounts.resealing import SealedColumn

GRACE = timedelta(days=7)
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
CHALLENGE_SALT = "accounts.second_factor"
CHALLENGE_SECONDS = 300
# What sealed factors are bound to, and where each kind keeps its sealed text.
PLACE = "mfa_authenticator.data"
SEALED = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}
# In the session of somebody who must set a factor up before anything else.
ENROL_KEY = "must_enrol"


class CodeWrong(Exception):
    """The code is wrong, too old, or was used before."""

    code = "mfa_code_invalid"


class ChallengeInvalid(Exception):
    """The token of the first step is too old, damaged, or was used."""

    code = "mfa_token_invalid"


def declare() -> None:
    """Name the sealed column."""
    rows = Authenticator.objects.filter(type__in=SEALED)
    resealing.columns.add(
        PLACE, SealedColumn(PLACE, rows.all, _sealed, lambda _factor: PLACE, _keep_sealed)
    )


def _sealed(factor: Authenticator) -> str:
    return str(factor.data.get(SEALED[factor.type], ""))


def _keep_sealed(factor: Authenticator, sealed: str) -> None:
    factor.data[SEALED[factor.type]] = sealed
    factor.save(update_fields=["data"])


def first_due(at: datetime | None = None) -> datetime:
    return (at or timezone.now()) + GRACE


def is_set_up(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def listed(user: User) -> list[Authenticator]:
    """What this person can prove themselves with besides the password."""
    return list(Authenticator.objects.filter(user=user).order_by("type", "pk"))


def due_at(user: User) -> datetime | None:
    """When this person needs a second factor; None when nobody asks for one."""
    if user.mfa_due_at is None and user.is_staff:
        return user.created_at + GRACE
    return user.mfa_due_at


def is_overdue(user: User, *, now: datetime) -> bool:
    due = due_at(user)
    return due is not None and due <= now and not is_set_up(user)


def require(*, user: User, reason: str, by: User) -> None:
    """Ask a person for a second factor within the grace. Does nothing to who was asked before."""
    due = first_due()
    asked = User.objects.filter(pk=user.pk, mfa_due_at__isnull=True)
    if not asked.update(mfa_due_at=due):
        return
    details = {"reason": reason}
    signals.account_event.send(
        sender=User, user=user, action="auth.mfa_required", by=by, details=details
    )
    news.tell("factor_wanted", user=user, link=("second_factor", ""), until=due)


def accept(*, user: User, code: str) -> Authenticator:
    """Use a code of the person's app, or one of their recovery codes, up. Raises CodeWrong.

    Locks the authenticator's row: of two requests with one code exactly one passes.
    """
    typed = code.replace(" ", "")
    with transaction.atomic():
        mine = Authenticator.objects.select_for_update().filter(user=user).order_by("pk")
        for authenticator in mine.exclude(type=Authenticator.Type.WEBAUTHN):
            if authenticator.type == Authenticator.Type.TOTP:
                good = _use_step(authenticator, typed)
            else:
                good = authenticator.wrap().validate_code(typed)
            if good:
                return authenticator
    raise CodeWrong


def note_step(authenticator: Authenticator) -> None:
    """The code that switched an app on is used up too."""
    authenticator.data["last_step"] = _now_step()
    authenticator.save(update_fields=["data"])


def challenge(user: User) -> str:
    """A token for the second step of signing in: five minutes, dead once anybody signed in as this person."""
    return signing.dumps(
        {"user": str(user.pk), "state": _state(user)}, salt=CHALLENGE_SALT, compress=False
    )


def challenged(token: str) -> User:
    """The person behind a `challenge`. Raises ChallengeInvalid."""
    try:
        found = signing.loads(token, salt=CHALLENGE_SALT, max_age=CHALLENGE_SECONDS)
        user = User.objects.get(pk=found["user"])
    except (signing.BadSignature, User.DoesNotExist) as error:
        raise ChallengeInvalid from error
    if not constant_time_compare(found["state"], _state(user)):
        raise ChallengeInvalid
    return user


def _state(user: User) -> str:
    """What changes when the person signs in or changes the password, so that a token is good once."""
    parts = (user.password, str(user.last_login), str(user.token_version))
    return salted_hmac(CHALLENGE_SALT, "|".join(parts), algorithm="sha256").hexdigest()[:32]


def _use_step(authenticator: Authenticator, code: str) -> bool:
    secret = decrypt(authenticator.data["secret"])
    for step in totp.yield_hotp_counters_from_time():
        wanted = totp.format_hotp_value(totp.hotp_value(secret, step))
        if constant_time_compare(code, wanted) and step > authenticator.data.get("last_step", 0):
            authenticator.data["last_step"] = step
            authenticator.save(update_fields=["data"])
            return True
    return False


def _now_step() -> int:
    return int(time.time()) // int(app_settings.TOTP_PERIOD)
