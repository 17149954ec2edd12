"""Who somebody is: the keys by which names and addresses are compared, and signing in by them.

This module alone reads users across workspaces.
"""

import unicodedata
from typing import Any

import idna
from confusable_homoglyphs import categories
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from email_validator import EmailNotValidError, validate_email

from accounts import passwords
from accounts.models import AddressKey, User

USERNAME_MIN, USERNAME_MAX = 2, 32
EMAIL_MAX_BYTES = 254
RESERVED = frozenset(
    [
        "admin",
        "administrator",
        "root",
        "api",
        "system",
        "support",
        "staff",
        "operator",
        "security",
        "help",
        "www",
        "mail",
        "null",
        "taishang",
        "laojun",
        "太上老君",
        "太上",
        "老君",
        "管理员",
        "系统",
        "客服",
    ]
)
# Han beside Latin is how Chinese names are written; other mixtures are how names are forged.
MIXABLE = frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "COMMON"})
LOCAL_DOMAINS = frozenset({"localhost"})
_DUMMY = make_password("nobody has this password")


def email_key(address: str) -> str:
    """What two spellings of one address share: folded local part, ASCII lower-case domain, one kind of i."""
    local, _at, domain = _folded(address).rpartition("@")
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode() if domain else ""
    except idna.IDNAError:
        ascii_domain = domain
    return f"{local}@{ascii_domain}"


def username_key(username: str) -> str:
    return _folded(username)


def login_key(login: str) -> str:
    """The key of what somebody typed to sign in; an `@` decides which it is."""
    return email_key(login) if "@" in login else username_key(login)


def _folded(text: str) -> str:
    """Compatible forms, case and the i's folded until nothing changes: each fold can make work for another."""
    folded = _fold(text)
    while folded != text:
        text, folded = folded, _fold(folded)
    return folded


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return folded.replace("ı", "i").replace("i\u0307", "i").strip()


def clean_email(address: str, *, allow_local: bool = False) -> str:
    """The address as it will be stored. Raises ValidationError(`email_invalid`)."""
    invalid = ValidationError(
        _("This is not an e-mail address we can reach."), code="email_invalid"
    )
    stripped = address.strip()
    if len(stripped.encode()) > EMAIL_MAX_BYTES or any(_is_hidden(letter) for letter in stripped):
        raise invalid
    if allow_local and stripped.rpartition("@")[2] in LOCAL_DOMAINS:
        return stripped
    try:
        found = validate_email(
            stripped,
            check_deliverability=False,
            allow_smtputf8=False,
            allow_quoted_local=False,
            test_environment=allow_local,
        )
    except EmailNotValidError as error:
        raise invalid from error
    return found.normalized


def clean_username(username: str) -> str:
    """The name as it will be stored. Raises ValidationError with a code for each rule."""
    name = unicodedata.normalize("NFKC", username.strip())
    if not USERNAME_MIN <= len(name) <= USERNAME_MAX:
        raise ValidationError(_("Use 2 to 32 characters."), code="username_length")
    if not all(letter.isalnum() or letter in "_.-" for letter in name):
        raise ValidationError(_("Use letters, digits and _ . - only."), code="username_characters")
    if username_key(name) in RESERVED:
        raise ValidationError(_("This name is reserved."), code="username_reserved")
    scripts = categories.unique_aliases(name)
    if len(scripts - {"COMMON"}) > 1 and not scripts <= MIXABLE:
        raise ValidationError(
            _("This name mixes scripts that look alike."), code="username_confusable"
        )
    return name


def _is_hidden(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def find(login: str) -> User | None:
    """The person with this address or name; an `@` decides which. A confirmed address goes before a claimed one."""
    if "@" not in login:
        return User.objects.filter(username_key=username_key(login)).first()
    key = email_key(login)
    confirmed = AddressKey.objects.filter(email_key=key, verified=True).select_related("user")
    held = confirmed.first()
    return held.user if held else User.objects.filter(email_key=key).first()


def verify(*, login: str, password: str) -> User | None:
    """The person, if the password is theirs and they may sign in or come back.

    Takes the same time for unknown accounts. Who closed their account is returned too, with `is_active` false.
    """
    if passwords.too_long(password) or len(login) > EMAIL_MAX_BYTES:
        return None
    user = find(login)
    if user is None or not user.has_usable_password():
        check_password(password, _DUMMY)
        return None
    return user if user.check_password(password) and _may_return(user) else None


def _may_return(user: User) -> bool:
    return user.is_active or user.status == User.Status.DEACTIVATED


def display_name(user: User) -> str:
    return user.username


class Backend(BaseBackend):
    """Django's door to `verify`."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, **credentials: Any
    ) -> User | None:
        login = username or credentials.get("email") or credentials.get("login")
        password = credentials.get("password")
        if not login or not password:
            return None
        return verify(login=login, password=password)

    def get_user(self, user_id: Any) -> User | None:
        return User.objects.able_to_sign_in().filter(pk=user_id).first()
