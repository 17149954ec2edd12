"""Signing in holds no transaction while a password is hashed or waits for its turn."""

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Session, SignIn
from accounts.passwords import Argon2Hasher
from tests import factories
from tests.accounts.api.calls import Program
from tests.accounts.entrance import is_signed_in, sign_in


@pytest.fixture
def hashed(monkeypatch):
    """For each hash, whether a transaction was open."""
    seen = []
    verify = Argon2Hasher.verify

    def spy(self, password, encoded):
        seen.append(connection.in_atomic_block)
        return verify(self, password, encoded)

    monkeypatch.setattr(Argon2Hasher, "verify", spy)
    return seen


@pytest.mark.parametrize("password", [factories.PASSWORD, "wrong password"])
@pytest.mark.parametrize("login", ["hasher", "nobody"])
def test_no_transaction_is_open_while_a_password_is_hashed(committed, hashed, login, password):
    account = factories.account("hasher")

    client, page = sign_in(login, password)
    answer = Program().post("/api/v1/auth/token/", {"login": login, "password": password})

    assert hashed == [False, False]
    right = login == "hasher" and password == factories.PASSWORD
    assert is_signed_in(client) == right
    assert (page.status_code, answer.status_code) == ((302, 200) if right else (200, 401))
    live = Session.objects.live(timezone.now()).filter(user=account.user)
    assert live.count() == (2 if right else 0)
    assert SignIn.objects.count() == 2
    SignIn.objects.all().delete()


def test_a_stale_cookie_and_a_replay_key_do_not_disturb_a_program(committed):
    person = factories.person("hasher")

    answer = person.client.post(
        "/api/v1/auth/token/",
        {"login": "hasher", "password": factories.PASSWORD},
        content_type="application/json",
        headers={"Idempotency-Key": "once"},
    )

    assert answer.status_code == 200


def test_somebody_signed_in_is_sent_on(committed):
    person = factories.person("hasher")

    _client, response = sign_in("hasher", client=person.client)

    assert response.status_code == 302
    assert Client().get("/accounts/login/").status_code == 200
