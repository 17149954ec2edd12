"""Keys of names and addresses: two spellings of one mailbox are one, whatever alphabet they borrow from."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts import addresses, identity, signup
from accounts.models import User
from tests import factories

LOCAL = st.text(alphabet="abcdefghijklmnopqrstuvwxyzKIß0123456789._-", min_size=1, max_size=20)
DOMAINS = st.sampled_from(["example.com", "mail.example.org", "bücher.example", "例え.jp"])
TWINS = {
    "ı": "i",
    "İ": "i",
    "I": "i",
    "K": "k",  # the Kelvin sign
    "ſ": "s",
    "ａ": "a",
    "Ａ": "a",
}
WIDE = {chr(0x21 + n): chr(0xFF01 + n) for n in range(94)}


@given(LOCAL, DOMAINS)
def test_case_does_not_tell_addresses_apart(local, domain):
    address = f"{local}@{domain}"

    assert (
        identity.email_key(address.upper().replace("SS", "ß"))
        == identity.email_key(address.replace("SS", "ß").lower())
        or "ß" in local
    )
    assert identity.email_key(address.swapcase()) == identity.email_key(address) or "ß" in local


@given(LOCAL, DOMAINS)
def test_width_does_not_tell_addresses_apart(local, domain):
    wide = "".join(WIDE.get(letter, letter) for letter in local)

    assert identity.email_key(f"{wide}@{domain}") == identity.email_key(f"{local}@{domain}")


@given(st.text(max_size=40), DOMAINS)
def test_a_key_is_its_own_key(local, domain):
    """Folding twice changes nothing, or two layers could disagree about who is who."""
    key = identity.email_key(f"{local}@{domain}")

    assert identity.email_key(key) == key


@given(st.text(max_size=40))
def test_the_normal_form_of_a_name_does_not_matter(name):
    keys = {
        identity.username_key(unicodedata.normalize(form, name))
        for form in ("NFC", "NFD", "NFKC", "NFKD")
    }

    assert len(keys) == 1


@pytest.mark.parametrize(("twin", "plain"), TWINS.items())
def test_letters_that_fold_to_one_make_one_key(twin, plain):
    assert identity.email_key(f"x{twin}y@example.com") == f"x{plain}y@example.com"
    assert identity.username_key(f"x{twin}y") == f"x{plain}y"


def test_sharp_s_and_its_capital_are_one():
    assert identity.email_key("STRASSE@example.com") == identity.email_key("straße@example.com")


def test_a_domain_in_its_own_alphabet_is_its_ascii_form():
    assert identity.email_key("a@BÜCHER.example") == "a@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address",
    [
        "a\u200bb@example.com",
        "a\u202eb@example.com",
        "a\x00b@example.com",
        '"a b"@example.com',
        ".a@example.com",
        "a.@example.com",
        "a@localdomain",
        "ａdmin@example.com",
        f"{'a' * 250}@example.com",
        "a@example.com\nBcc: b@example.com",
    ],
)
def test_addresses_that_hide_something_are_refused(address):
    with pytest.raises(ValidationError) as caught:
        identity.clean_email(address)

    assert caught.value.code == "email_invalid"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed",
    ["ALICE@example.com", "alıce@example.com", "ａｌｉｃｅ@EXAMPLE.com", "aliCe@ｅxample.com"],
)
def test_somebody_is_found_by_every_spelling_and_cannot_exist_twice(alice, typed):
    assert identity.find(typed) == alice.user
    with pytest.raises(signup.AccountTaken), transaction.atomic():
        signup.open_account(email=typed, username="other", password=None, verified=True)


@pytest.mark.django_db
def test_the_database_refuses_a_second_confirmed_spelling(alice, charlie):
    """Without the partial unique index two people would hold one mailbox."""
    claim = charlie.user.emailaddress_set.create(email="al1ce@example.com", verified=False)
    type(claim.key).objects.filter(pk=claim.pk).update(email_key="alice@example.com")

    with pytest.raises(IntegrityError), transaction.atomic():
        type(claim.key).objects.filter(pk=claim.pk).update(verified=True)


@pytest.mark.django_db
def test_who_proves_an_address_takes_it_from_who_only_claimed_it(charlie):
    claimant = signup.open_account(
        email="shared@example.com", username="claimant", password=factories.PASSWORD
    )
    mine = charlie.user.emailaddress_set.create(email="shared@example.com")

    assert addresses.confirm(mine)

    assert identity.find("shared@example.com") == charlie.user
    claimant.refresh_from_db()
    assert "shared" not in claimant.email_key
    assert not claimant.emailaddress_set.exists()


@pytest.mark.django_db
def test_what_somebody_proved_nobody_else_can(alice, charlie):
    twin = charlie.user.emailaddress_set.create(email="alice@example.com")

    assert not addresses.confirm(twin)
    assert identity.find("alice@example.com") == alice.user


@pytest.mark.django_db
def test_a_new_main_address_brings_its_key(alice):
    second = alice.user.emailaddress_set.create(email="second@example.com")
    addresses.confirm(second)
    second.set_as_primary()

    assert User.objects.get(pk=alice.user.pk).email_key == "second@example.com"
