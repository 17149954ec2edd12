"""An answer that waits for somebody else holds no transaction and no connection meanwhile."""

from functools import partial

import pytest
from django.db import connection
from django.http import JsonResponse
from django.urls import path

from accounts import tenancy
from accounts.models import User
from accounts.web.outside import Outside
from accounts.web.permissions import SIGNED_IN
from accounts.web.problems import Refused
from accounts.web.views import ApiView
from tests import factories

pytestmark = pytest.mark.urls("tests.accounts.web.test_outside")
seen = {}


class Waiting(ApiView):
    required_permissions = {"POST": SIGNED_IN}
    keeps_replies = False

    def post(self, request):
        User.objects.filter(pk=self.user.pk).update(username="renamed")
        seen["inside"] = connection.in_atomic_block
        wish = request.data.get("wish")
        response = Outside(partial(answer, wish))
        response["X-Mine"] = "kept"
        return response


async def answer(wish):
    seen["outside"] = connection.in_atomic_block
    seen["context"] = tenancy.current()
    if wish == "refuse":
        raise Refused("not_found")
    if wish == "break":
        raise RuntimeError("nobody expected this")
    return JsonResponse({"done": True})


urlpatterns = [path("api/v1/waiting/", Waiting.as_view())]


@pytest.fixture
def ask(committed):
    alice = factories.person("alice")
    seen.clear()

    def send(wish):
        body = {"wish": wish}
        alice.client.raise_request_exception = False
        return alice.client.post("/api/v1/waiting/", body, content_type="application/json")

    return send


def test_nothing_is_open_when_the_answer_is_made(ask):
    response = ask("answer")

    assert response.json() == {"done": True}
    assert (seen["inside"], seen["outside"]) == (True, False)
    assert seen["context"].user_id is not None
    assert User.objects.filter(username="renamed").exists()


def test_what_the_middleware_wrote_stays(ask):
    response = ask("answer")

    assert response["X-Mine"] == "kept"
    assert response["X-Request-Id"]
    assert "RateLimit" in response
    assert "no-store" in response["Cache-Control"]


def test_what_the_answer_refuses_is_a_problem(ask):
    response = ask("refuse")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert response["Content-Type"] == "application/problem+json"


def test_what_nobody_expected_is_an_error_of_ours(ask):
    response = ask("break")

    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
