"""Answers kept for later in the request's thread: in no transaction, with every header, once for each key."""

import pytest
from django.db import connection

from accounts import idempotency, tenancy
from accounts.idempotency import Scope
from tests import factories

pytestmark = pytest.mark.urls("tests.accounts.web.noticeboard")
PATH = "/api/v1/afterwards/"


@pytest.fixture
def somebody(committed):
    return factories.person("somebody")


def send(person, name: str = "n", **headers: str):
    return person.client.post(
        PATH, {"name": name}, content_type="application/json", headers=headers
    )


def test_the_answer_is_made_in_no_transaction(somebody):
    answer = send(somebody)

    assert answer.status_code == 201
    assert answer.json()["in_transaction"] is False
    assert not connection.in_atomic_block


def test_the_answer_has_what_every_answer_has(somebody):
    answer = send(somebody)

    assert answer["X-Request-Id"]
    assert answer["Cache-Control"]
    assert answer["RateLimit"]
    assert answer["Content-Type"] == "application/json"


def test_bad_input_is_refused_before(somebody):
    assert send(somebody, "n" * 21).status_code == 400


def test_what_is_refused_after_the_commit_is_a_problem_too(somebody):
    answer = send(somebody, "refused")

    assert (answer.status_code, answer.json()["code"]) == (409, "limit_reached")


def test_one_key_has_one_answer(somebody):
    first = send(somebody, **{"Idempotency-Key": "once"})
    again = send(somebody, **{"Idempotency-Key": "once"})

    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"


def test_a_refusal_lets_the_key_go(somebody):
    refused = send(somebody, "refused", **{"Idempotency-Key": "again"})
    other = send(somebody, "refused", **{"Idempotency-Key": "again"})

    assert refused.status_code == other.status_code == 409
    assert other.json()["code"] == "limit_reached"


def test_a_key_whose_deed_goes_on_is_taken(somebody):
    scope = Scope(somebody.workspace.id, f"user:{somebody.user.id}", PATH, "busy")
    with tenancy.workspace(somebody.workspace.id, user_id=somebody.user.id):
        idempotency.announce(scope, fingerprint=b"x" * 32)
        with pytest.raises(idempotency.InProgress):
            idempotency.begin(scope, fingerprint=b"x" * 32)
