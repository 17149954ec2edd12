"""Signed-in devices: opened and ended by the browser, bounded, and remembered only as long as needed."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.db.models import F
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import sessions, tokens
from accounts.models import RefreshToken, Session
from accounts.sessions import Facts
from laojun.retention import sweeping
from tests.factories import PASSWORD

ME = "/api/v1/me/"


def live(person):
    return Session.objects.live(timezone.now()).filter(user=person.user)


def test_a_browser_sign_in_is_a_row_without_its_key(alice):
    key = alice.client.cookies[settings.SESSION_COOKIE_NAME].value
    row = live(alice).get()

    assert row.kind == "browser"
    assert bytes(row.session_key_hash) == sessions.key_hash(key)
    assert key.encode() not in bytes(row.session_key_hash)


def test_signing_out_ends_the_row(alice):
    key = alice.client.cookies[settings.SESSION_COOKIE_NAME].value
    alice.client.logout()

    assert not live(alice).exists()
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = key
    assert thief.get(ME).status_code == 401


def test_a_cycled_key_stays_the_same_device(alice):
    store = alice.client.session
    before = live(alice).get().pk
    store.cycle_key()
    alice.client.cookies[settings.SESSION_COOKIE_NAME] = store.session_key

    assert live(alice).get().pk == before
    assert alice.get(ME).status_code == 200


def test_a_day_of_silence_signs_a_browser_out(alice):
    Session.objects.update(last_seen_at=F("last_seen_at") - timedelta(hours=25))

    assert alice.get(ME).status_code == 401


def test_a_browser_is_signed_out_after_fourteen_days_however_busy(alice):
    assert live(alice).get().expires_at <= timezone.now() + timedelta(days=14)
    Session.objects.update(expires_at=F("created_at") - timedelta(hours=1))

    assert alice.get(ME).status_code == 401


def test_the_oldest_of_too_many_devices_is_signed_out(alice, monkeypatch):
    monkeypatch.setattr(sessions, "MAX_LIVE", 2)
    oldest = live(alice).get()
    for _ in range(2):
        sessions.open_session(user=alice.user, kind="api", facts=Facts())

    oldest.refresh_from_db()
    assert oldest.revoked_reason == "replaced"
    assert live(alice).count() == 2


def test_a_new_password_signs_every_other_device_out(alice):
    other = sessions.open_session(user=alice.user, kind="api", facts=Facts())
    form = {"oldpassword": PASSWORD, "password1": "four quiet green lamps"}

    alice.post("/accounts/password/change/", {**form, "password2": form["password1"]})

    other.refresh_from_db()
    assert other.revoked_reason == "password"
    assert alice.get(ME).status_code == 200
    assert authenticate(username="alice", password=form["password1"]) == alice.user


def test_a_sign_in_with_an_empty_request_is_recorded(alice):
    assert user_logged_in.has_listeners()
    assert live(alice).get().user_agent == ""


def test_confirming_the_password_makes_a_session_fresh(alice):
    Session.objects.update(authenticated_at=F("authenticated_at") - timedelta(minutes=11))
    ends = "/api/v1/me/sessions/revocation/"
    assert alice.client.post(ends).status_code == 403

    alice.post("/accounts/reauthenticate/", {"password": PASSWORD})

    assert alice.client.post(ends).status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", ",".join(["1.1.1.1"] * 11), "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.1"),
        ("", "198.51.100.1", None),
    ],
)
def test_only_trusted_proxies_may_name_the_client(settings, peer, forwarded, expected):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)

    assert sessions.client_ip(request) == expected


def test_the_sweep_forgets_what_is_over_and_nothing_else(alice):
    tokens.open_family(user=alice.user, facts=Facts())
    over = tokens.open_family(user=alice.user, facts=Facts()).session
    long_ago = timezone.now() - timedelta(days=31)
    Session.objects.filter(pk=over.pk).update(revoked_at=long_ago)
    RefreshToken.objects.filter(session=over).update(
        created_at=long_ago, expires_at=timezone.now() - timedelta(days=8)
    )

    assert sweeping.run_often() > 0

    assert not Session.objects.filter(pk=over.pk).exists()
    assert RefreshToken.objects.count() == 1
    assert live(alice).count() == 2
    assert sweeping.run_often() == 0
