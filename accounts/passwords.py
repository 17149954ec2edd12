"""Password rules: Argon2id that a small machine survives in parallel, and strength instead of composition."""

import threading
import unicodedata

from argon2 import Parameters, Type
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import zxcvbn

MIN_CHARACTERS = 10
MAX_CHARACTERS = 128
MAX_BYTES = 1024
MIN_SCORE = 3
PARALLEL_HASHES = 4
WAIT_SECONDS = 2.0


class HashQueueFull(Exception):
    """More people sign in at once than the machine can hash for; try again in a moment."""


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with m = 19 MiB, t = 2, p = 1 (OWASP's first choice); Django's default takes 100 MiB a hash."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
    _slots = threading.BoundedSemaphore(PARALLEL_HASHES)

    def encode(self, password: str, salt: str) -> str:
        with _slot(self._slots):
            return super().encode(normalized(password), salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _slot(self._slots):
            return super().verify(normalized(password), encoded)

    def params(self) -> Parameters:
        return Parameters(
            type=Type.ID,
            version=19,
            salt_len=16,
            hash_len=32,
            time_cost=self.time_cost,
            memory_cost=self.memory_cost,
            parallelism=self.parallelism,
        )


class _slot:  # noqa: N801
    """A place among the hashes that run at once, or HashQueueFull after two seconds."""

    def __init__(self, slots: threading.BoundedSemaphore) -> None:
        self.slots = slots

    def __enter__(self) -> None:
        if not self.slots.acquire(timeout=WAIT_SECONDS):
            raise HashQueueFull

    def __exit__(self, *_error: object) -> None:
        self.slots.release()


class StrengthValidator:
    """Length, then zxcvbn's guess of how long a guesser needs, with the person's own words counted as known."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) < MIN_CHARACTERS:
            raise ValidationError(
                _("Use at least %(count)d characters.") % {"count": MIN_CHARACTERS},
                code="password_too_short",
            )
        if too_long(password):
            raise ValidationError(
                _("Use at most %(count)d characters.") % {"count": MAX_CHARACTERS},
                code="password_too_long",
            )
        known = [getattr(user, name, "") or "" for name in ("username", "email")]
        known += [part for word in known for part in word.split("@")]
        if zxcvbn(normalized(password)[:72], user_inputs=known)["score"] < MIN_SCORE:
            raise ValidationError(
                _("This is easy to guess. Add a few more unrelated words."),
                code="password_too_weak",
            )

    def get_help_text(self) -> str:
        return _("At least 10 characters; a few unrelated words are best.")


def normalized(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def too_long(password: str) -> bool:
    """Asked before hashing: a megabyte must be refused, not hashed."""
    return len(password) > MAX_CHARACTERS or len(password.encode()) > MAX_BYTES
