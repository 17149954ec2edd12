"""Tokens: signing programs in, the chain of refresh tokens, and everything that ends them."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.test import Client

from accounts import sessions, signing_keys, tenancy, tokens
from accounts.models import RefreshToken, Session, User
from accounts.sessions import Facts
from laojun.models import AuditLog
from tests import factories
from tests.accounts.api.calls import Program, assert_problem, sign_in

REFRESH = "/api/v1/auth/token/refresh/"


def refresh(token):
    return Program().post(REFRESH, {"refresh": token})


def me(access):
    return Program(access).get("/api/v1/me/")


def test_a_password_buys_a_pair_of_tokens(alice):
    found = sign_in(alice)

    assert found["token_type"] == "Bearer"
    assert found["user"]["username"] == "alice"
    assert [one["id"] for one in found["workspaces"]] == [alice.workspace.id]
    assert me(found["access"]).json()["id"] == str(alice.user.id)


@pytest.mark.parametrize("login", ["alice", "nobody", "alice@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_name_are_answered_alike(alice, login):
    response = Program().post("/api/v1/auth/token/", {"login": login, "password": "x" * 12})

    body = assert_problem(response, 401, "credentials_invalid")
    assert set(body) == {"type", "title", "status", "detail", "code", "trace_id"}


def test_a_suspended_person_cannot_sign_in(alice):
    User.objects.filter(pk=alice.user.pk).update(status="suspended", is_active=False)

    body = {"login": "alice", "password": factories.PASSWORD}
    assert_problem(Program().post("/api/v1/auth/token/", body), 401, "credentials_invalid")


def test_only_the_hash_of_a_refresh_token_is_stored(alice):
    token = sign_in(alice)["refresh"]

    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM accounts_refresh_tokens t")
        rows = cursor.fetchall()
    assert len(rows) == 1
    assert token not in rows[0][0]
    assert token.removeprefix("tlr_") not in rows[0][0]


# The table of what a presented token is answered


def test_a_live_token_is_exchanged(alice):
    first = sign_in(alice)

    second = refresh(first["refresh"]).json()

    assert second["refresh"] != first["refresh"]
    assert second["session_id"] == first["session_id"]
    assert me(second["access"]).status_code == 200


def test_the_same_token_again_within_the_grace_gives_the_same_successor(alice):
    first = sign_in(alice)

    once, again = refresh(first["refresh"]), refresh(first["refresh"])

    assert once.json()["refresh"] == again.json()["refresh"]
    assert RefreshToken.objects.count() == 2


def test_a_token_after_the_grace_ends_its_family(alice):
    first = sign_in(alice)
    second = refresh(first["refresh"]).json()
    RefreshToken.objects.filter(generation=0).update(
        created_at=F("created_at") - timedelta(seconds=60),
        rotated_at=F("rotated_at") - timedelta(seconds=11),
    )

    assert_problem(refresh(first["refresh"]), 401, "refresh_reused")

    assert_problem(me(second["access"]), 401, "token_invalid")
    assert_problem(refresh(second["refresh"]), 401, "refresh_invalid")
    assert Session.objects.get(kind="api").revoked_reason == "reuse"


def test_a_grandparent_within_the_grace_ends_its_family(alice):
    first = sign_in(alice)
    second = refresh(first["refresh"]).json()
    third = refresh(second["refresh"]).json()

    assert_problem(refresh(first["refresh"]), 401, "refresh_reused")
    assert_problem(me(third["access"]), 401, "token_invalid")


def test_another_device_survives_a_reuse(alice):
    first, other = sign_in(alice), sign_in(alice)
    refresh(refresh(first["refresh"]).json()["refresh"])
    refresh(first["refresh"])

    assert me(other["access"]).status_code == 200


@pytest.mark.parametrize("token", ["", "tlr_", "tlr_" + "a" * 43, "x" * 47, "tlr_" + "é" * 43])
def test_unknown_tokens_are_refused_alike(db, token):
    response = refresh(token)

    if token:
        assert_problem(response, 401, "refresh_invalid")
    else:
        assert_problem(response, 400, "validation_error")


def test_an_expired_token_is_refused(alice):
    token = sign_in(alice)["refresh"]
    RefreshToken.objects.update(expires_at=F("created_at"))

    assert_problem(refresh(token), 401, "refresh_invalid")


def test_a_revoked_family_is_refused_everywhere(alice):
    found = sign_in(alice)

    assert (
        Program().post("/api/v1/auth/token/revoke/", {"refresh": found["refresh"]}).status_code
        == 204
    )

    assert_problem(refresh(found["refresh"]), 401, "refresh_invalid")
    assert_problem(me(found["access"]), 401, "token_invalid")


def test_revoking_an_unknown_token_tells_nothing(db):
    assert Program().post("/api/v1/auth/token/revoke/", {"refresh": "x"}).status_code == 204


def test_a_stale_header_does_not_keep_a_program_from_refreshing(alice):
    token = sign_in(alice)["refresh"]

    assert Program("expired").post(REFRESH, {"refresh": token}).status_code == 200


def test_signing_out_everywhere_ends_access_tokens_at_once(alice):
    found = sign_in(alice)

    sessions.end_all(user=alice.user)

    assert_problem(me(found["access"]), 401, "token_invalid")


def test_a_raised_token_version_alone_refuses_old_access_tokens(alice):
    found = sign_in(alice)
    User.objects.filter(pk=alice.user.pk).update(token_version=F("token_version") + 1)

    assert_problem(me(found["access"]), 401, "token_invalid")


def test_fifty_parallel_refreshes_make_one_child(committed):
    person = factories.person("parallel")
    pair = tokens.open_family(user=person.user, facts=Facts())

    def exchange(_number):
        try:
            response = Client().post(
                REFRESH, {"refresh": pair.refresh}, content_type="application/json"
            )
            return response.status_code, response.json().get("refresh")
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        answers = set(pool.map(exchange, range(50)))

    assert len(answers) == 1
    assert answers.pop()[0] == 200
    assert RefreshToken.objects.filter(session=pair.session).count() == 2


def test_a_reuse_is_committed_although_it_is_refused(committed):
    person = factories.person("thief")
    pair = tokens.open_family(user=person.user, facts=Facts())
    second = refresh(pair.refresh).json()
    refresh(second["refresh"])

    assert_problem(refresh(pair.refresh), 401, "refresh_reused")

    pair.session.refresh_from_db()
    assert pair.session.revoked_reason == "reuse"


# Forged access tokens


def claims(**changes):
    now = int(time.time())
    good = {
        "iss": settings.PUBLIC_URL,
        "aud": "api",
        "sub": "x",
        "sid": "018f0000-0000-7000-8000-000000000000",
        "ver": 0,
        "jti": "j",
        "typ": "access",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(payload, *, algorithm="EdDSA", key=None, **headers):
    key_id, ours = signing_keys.ACCESS_TOKENS.private()
    return jwt.encode(payload, key or ours, algorithm=algorithm, headers={"kid": key_id, **headers})


def unsigned(payload):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return (
        f"{part({'alg': 'none', 'kid': signing_keys.ACCESS_TOKENS.private()[0]})}.{part(payload)}."
    )


def public_pem():
    return signing_keys.ACCESS_TOKENS.private()[1].public_key().public_bytes_raw()


def test_our_own_token_is_read():
    assert tokens.read_access(signed(claims())) is not None


@pytest.mark.parametrize(
    "forge",
    [
        lambda: "",
        lambda: "a.b.c",
        lambda: "é.é.é",
        lambda: unsigned(claims()),
        lambda: signed(claims(), algorithm="HS256", key=public_pem()),
        lambda: signed(claims(), key=Ed25519PrivateKey.generate()),
        lambda: signed(claims(), kid="other"),
        lambda: signed(claims(), kid="../../etc/passwd"),
        lambda: signed(claims(aud="other")),
        lambda: signed(claims(aud=["api", "other"])),
        lambda: signed(claims(iss="https://evil.example")),
        lambda: signed(claims(typ="refresh")),
        lambda: signed(claims(ver="0")),
        lambda: signed(claims(ver=True)),
        lambda: signed(claims(sid="x")),
        lambda: signed(claims(sid="1 OR 1=1")),
        lambda: signed(claims(exp=int(time.time()) - 11)),
        lambda: signed(claims(nbf=int(time.time()) + 60)),
        lambda: signed(claims(iat=int(time.time()) + 60)),
        *[
            lambda name=name: signed(claims(**{name: None}))
            for name in ("iss", "aud", "sub", "sid", "ver", "jti", "typ", "iat", "nbf", "exp")
        ],
        lambda: signed(claims(sub="a" * 5000)),
    ],
)
def test_forged_tokens_are_refused(forge):
    assert tokens.read_access(forge()) is None


def test_a_key_in_the_tokens_own_header_is_not_believed():
    key = Ed25519PrivateKey.generate()
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key()))

    assert tokens.read_access(signed(claims(), key=key, jwk=jwk)) is None


def test_old_keys_verify_after_a_rotation_until_their_tokens_expired(settings, tmp_path):
    settings.JWT_KEYS_FILE = tmp_path / "jwt_keys"
    settings.JWT_KEYS_FILE.write_text("first")
    old = signed(claims())

    call_command("rotate_jwt_keys", verbosity=0)

    assert signing_keys.ACCESS_TOKENS.private()[0] != jwt.get_unverified_header(old)["kid"]
    assert tokens.read_access(old) is not None
    signing_keys.ACCESS_TOKENS.rotate(now=time.time() + 60)
    assert tokens.read_access(old) is not None
    signing_keys.ACCESS_TOKENS.rotate(now=time.time() + 4 * 3600)
    assert tokens.read_access(old) is None
    assert settings.JWT_KEYS_FILE.stat().st_mode & 0o077 == 0


def test_a_failed_sign_in_leaves_a_trail_without_the_typed_name(alice):
    body = {"login": "Alice@example.com", "password": "wrong and long"}
    Program().post("/api/v1/auth/token/", body)

    with tenancy.platform_scope(reason="test"):
        row = AuditLog.objects.get(action="auth.sign_in_failed")
    assert "alice" not in str(row.payload).lower()
