"""One effect, however many send the request at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from accounts import idempotency, tenancy
from accounts.models import IdempotencyKey, Role
from laojun.retention import sweeping
from tests import factories

pytestmark = pytest.mark.urls("tests.accounts.web.noticeboard")


def test_forty_parallel_requests_have_one_effect(committed):
    person = factories.person("parallel")
    cookies = person.client.cookies

    def post(_number):
        client = Client()
        client.cookies = cookies
        try:
            response = client.post(
                "/api/v1/notes/",
                {"name": "only"},
                content_type="application/json",
                headers={"Idempotency-Key": "k"},
            )
            return response.status_code, response.content if response.status_code < 300 else b""
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(post, range(40)))

    assert {status for status, _body in answers} <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        assert Role.objects.filter(name="only").count() == 1


def test_a_key_that_another_connection_holds_is_in_progress(committed):
    scope = idempotency.Scope(None, "user:x", "/", "k")

    with (
        tenancy.platform_scope(reason="test"),
        ThreadPoolExecutor(1) as pool,
    ):
        assert idempotency.begin(scope, fingerprint=b"") is None
        other = pool.submit(_begin, scope)

        assert isinstance(other.exception(), idempotency.InProgress)


def _begin(scope):
    try:
        with tenancy.platform_scope(reason="test"):
            idempotency.begin(scope, fingerprint=b"")
    finally:
        connection.close()


def test_an_expired_reply_is_forgotten(alice):
    def post():
        return alice.client.post(
            "/api/v1/secrets/",
            {},
            content_type="application/json",
            headers={"Idempotency-Key": "k"},
        )

    post()
    with tenancy.platform_scope(reason="test"):
        IdempotencyKey.objects.update(expires_at="2001-01-01T00:00:00Z")

    assert post().status_code == 201
    with tenancy.platform_scope(reason="test"):
        IdempotencyKey.objects.update(expires_at="2001-01-01T00:00:00Z")
    assert sweeping.run_often() >= 1
    with tenancy.platform_scope(reason="test"):
        assert not IdempotencyKey.objects.exists()
