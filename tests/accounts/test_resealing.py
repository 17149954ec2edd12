"""A new key in front of the ring: everything at rest is sealed again, and the old key can go."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command

from accounts import resealing, second_factor, secrets, tenancy
from laojun import configs
from laojun.audit import Actor
from laojun.configs import Change

pytestmark = pytest.mark.django_db
NEW, OLD, LOST = "n" * 40, "o" * 40, "l" * 40
SEED = "JBSWY3DPEHPK3PXP"
CONFIG = "lao_configs.secret_ciphertext"


@pytest.fixture
def sealed(alice, settings) -> None:
    """A second factor and a secret setting, sealed with the old key."""
    settings.SECRETS_KEYS = [OLD]
    change = Change("email.password", "hush")
    configs.write(changes=[change], workspace_id=None, actor=Actor.system("tests"))
    Authenticator.objects.create(
        user=alice.user,
        type=Authenticator.Type.TOTP,
        data={"secret": secrets.seal(SEED, place=second_factor.PLACE)},
    )


def _opened() -> tuple[str, str]:
    factor = Authenticator.objects.get()
    with tenancy.platform_scope(reason="test"):
        password = configs.secret("email.password")
    return secrets.unseal(factor.data["secret"], place=second_factor.PLACE), password


def test_after_the_rotation_the_old_key_is_needed_no_more(sealed, settings, capsys):
    settings.SECRETS_KEYS = [NEW, OLD]

    call_command("rotate_secrets")

    settings.SECRETS_KEYS = [NEW]
    assert _opened() == (SEED, "hush")
    assert f"{CONFIG}: 1 sealed anew, 0 unreadable" in capsys.readouterr().out


def test_a_second_run_finds_nothing_to_do(sealed, settings):
    settings.SECRETS_KEYS = [NEW, OLD]
    resealing.rotate()

    assert {tally.resealed for tally in resealing.rotate().values()} == {0}


def test_what_no_key_opens_is_named_and_left_as_it_was(sealed, settings, monkeypatch):
    monkeypatch.setattr(resealing, "BATCH", 1)
    settings.SECRETS_KEYS = [LOST]

    with pytest.raises(CommandError, match="2 values"):
        call_command("rotate_secrets")

    settings.SECRETS_KEYS = [OLD]
    assert _opened() == (SEED, "hush")
