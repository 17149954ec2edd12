"""How often who may do what: whose count is raised, what the answer says, and what no trick gets round."""

import re

import pytest
from django.core.cache import cache
from django.core.checks import run_checks
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import checks, limits
from accounts.models import RateLimit, User
from accounts.web import throttles
from laojun.retention import sweeping
from tests.factories import PASSWORD
from tests.rig.limits import allow

ME = "/api/v1/me/"
LIMITS = "/api/v1/limits/"
SIGN_IN = "/api/v1/auth/token/"
UPLOAD = "/api/v1/files/"
pytestmark = pytest.mark.django_db


def sign_in(login: str, password: str = PASSWORD, **headers):
    body = {"login": login, "password": password}
    return Client().post(SIGN_IN, body, content_type="application/json", **headers)


def statuses(call, times: int) -> list[int]:
    return [call().status_code for _time in range(times)]


# What an answer says


def test_a_reply_tells_what_is_left(alice):
    first, second = alice.get(ME), alice.get(ME)

    assert first["RateLimit-Policy"] == '"api.read";q=3000;w=60'
    assert first["RateLimit"].startswith('"api.read";r=2999;t=')
    assert second["RateLimit"].startswith('"api.read";r=2998;t=')


def test_the_next_call_is_refused_with_class_limit_and_wait(alice):
    allow({"api.read": 2})
    assert statuses(lambda: alice.get(ME), 2) == [200, 200]

    refused = alice.get(ME)

    problem = refused.json()
    assert refused.status_code == 429
    assert problem["code"] == "rate_limited"
    assert (problem["class"], problem["limit"], problem["used"]) == ("api.read", 2, 2)
    assert problem["window"] == 60
    assert 1 <= int(refused["Retry-After"]) <= 61
    assert refused["RateLimit"].startswith('"api.read";r=0;t=')


def test_a_page_that_is_refused_says_how_long_to_wait(alice):
    allow({"api.read": 1})
    alice.get("/settings/")

    refused = alice.get("/settings/")

    assert refused.status_code == 429
    assert f'data-countdown="{refused["Retry-After"]}"' in refused.content.decode()


def test_a_live_value_holds_from_the_next_request_on(alice):
    allow({"api.read": 1})
    assert statuses(lambda: alice.get(ME), 2) == [200, 429]

    allow({"api.read": 5})

    assert alice.get(ME).status_code == 200


# Whose count


def test_reading_and_writing_are_counted_apart(alice):
    allow({"api.read": 1})
    alice.get(ME)

    assert alice.client.patch(ME, {}, content_type="application/json").status_code != 429
    assert alice.get(ME).status_code == 429


def test_spellings_of_an_address_and_other_addresses_share_one_count(alice):
    allow({"api.read": 3})
    found = [alice.get(path).status_code for path in (ME, f"{ME}?x=1", "/api/v1//me/", LIMITS)]

    assert found == [200, 400, 404, 429]


def test_another_token_of_the_same_person_shares_the_count(alice):
    allow({"api.read": 2})
    token = sign_in("alice").json()["access"]
    alice.get(ME)
    alice.get(ME)

    assert Client().get(ME, headers={"Authorization": f"Bearer {token}"}).status_code == 429


def test_a_colleague_has_a_count_of_their_own(alice, bob):
    allow({"api.read": 1})
    alice.get(ME)

    assert alice.get(ME).status_code == 429
    assert bob.get(ME).status_code == 200


def test_a_key_is_counted_by_itself(alice):
    allow({"api.read": 1})
    made = alice.client.post(
        "/api/v1/api-keys/",
        {"name": "k", "scopes": ["workspace.view"]},
        content_type="application/json",
        headers={"X-Workspace-Id": str(alice.workspace.id)},
    )
    alice.get(ME)
    with_key = {"Authorization": f"Bearer {made.json()['key']}"}

    found = statuses(lambda: Client().get(ME, headers=with_key), 2)

    assert found == [200, 429]


@pytest.mark.parametrize(("plan", "limit"), [("free", 2), ("pro", 6), ("enterprise", 20)])
def test_a_plan_multiplies_what_belongs_to_the_person(alice, plan, limit):
    allow({"api.read": 2})
    User.objects.filter(pk=alice.user.pk).update(plan=plan)

    assert f"q={limit};" in alice.get(ME)["RateLimit-Policy"]


def test_without_signing_in_the_network_is_counted():
    allow({"anon": 2})
    first = {"REMOTE_ADDR": "2001:db8:1:2::1"}
    second = {"REMOTE_ADDR": "2001:db8:1:2:ffff::9"}
    elsewhere = {"REMOTE_ADDR": "2001:db8:1:3::1"}

    assert Client().get(ME, **first).status_code == 401
    assert Client().get(ME, **second).status_code == 401
    assert Client().get(ME, **second).status_code == 429
    assert Client().get(ME, **elsewhere).status_code == 401


def test_a_forged_header_names_no_other_client():
    allow({"anon": 1})
    Client().get(ME, headers={"X-Forwarded-For": "198.51.100.1"})

    assert Client().get(ME, headers={"X-Forwarded-For": "198.51.100.2"}).status_code == 429


# Strict classes


def test_a_strict_class_is_counted_in_the_database_and_stays_after_a_refusal(alice):
    allow({"upload": 2})

    found = statuses(lambda: alice.client.post(UPLOAD, {}), 3)

    assert found[2] == 429
    assert 429 not in found[:2]
    row = RateLimit.objects.get(route_class="upload")
    assert (row.count, row.user_id, row.limit_per_window) == (2, alice.user.id, 2)


def test_redis_refuses_early_what_the_database_refused(alice, at_most):
    allow({"upload": 1})
    statuses(lambda: alice.client.post(UPLOAD, {}), 2)

    with at_most(1):
        assert alice.client.post(UPLOAD, {}).status_code == 429


def test_without_redis_the_database_counts_everything(alice, monkeypatch):
    monkeypatch.setattr(type(cache.breaker), "allows", lambda _self: False)
    allow({"api.read": 2})

    assert statuses(lambda: alice.get(ME), 3) == [200, 200, 429]
    assert RateLimit.objects.get(route_class="api.read").count == 2


def test_the_database_starts_from_what_redis_had_counted(alice, monkeypatch):
    allow({"api.read": 5})
    statuses(lambda: alice.get(ME), 3)
    monkeypatch.setattr(type(cache.breaker), "allows", lambda _self: False)

    assert statuses(lambda: alice.get(ME), 3) == [200, 200, 429]


def test_back_again_redis_takes_over_what_the_database_counted(alice, monkeypatch):
    allow({"api.read": 6})
    statuses(lambda: alice.get(ME), 2)
    with monkeypatch.context() as away:
        away.setattr(type(cache.breaker), "allows", lambda _self: False)
        statuses(lambda: alice.get(ME), 2)

    assert limits.bring_back()

    assert not RateLimit.objects.filter(route_class="api.read").exists()
    assert statuses(lambda: alice.get(ME), 3) == [200, 200, 429]


def test_an_emptied_redis_starts_from_what_this_process_saw(alice):
    allow({"api.read": 3})
    statuses(lambda: alice.get(ME), 3)
    cache.clear()

    assert alice.get(ME).status_code == 429


# Signing in


def test_five_wrong_passwords_from_one_network_close_the_name_for_it(alice):
    found = statuses(lambda: sign_in("alice", "wrong"), 6)

    assert found == [401] * 5 + [429]
    assert sign_in("alice").status_code == 429
    assert sign_in("alice", REMOTE_ADDR="198.51.100.7").status_code == 200


def test_an_unknown_name_is_limited_like_a_known_one(alice):
    assert statuses(lambda: sign_in("nobody@example.com", "wrong"), 6) == [401] * 5 + [429]


def test_right_passwords_are_no_failures(alice):
    assert statuses(lambda: sign_in("alice"), 8) == [200] * 8


def test_counts_are_given_back_in_the_order_in_which_they_are_taken(alice):
    """Another order of locks would let two sign-ins of one person wait for each other."""
    with CaptureQueriesContext(connection) as captured:
        assert sign_in("alice").status_code == 200

    sent = [entry["sql"] for entry in captured]
    taken = [re.search(r"rate_hit\('([\w.]+):", one) for one in sent]
    given = [re.search(r"rate_key\" = '([\w.]+):.*FOR UPDATE", one) for one in sent]
    assert [found[1] for found in taken if found] == sorted(throttles.SIGN_IN)
    assert [found[1] for found in given if found] == ["auth.name_failures", "auth.sign_in_failures"]


def test_spellings_of_a_name_share_one_count(alice):
    for login in ("ALICE@example.com", "alice@EXAMPLE.com", "ａlice@example.com"):
        sign_in(login, "wrong")
        sign_in(login, "wrong")

    assert sign_in("alice@example.com", "wrong").status_code == 429


def test_a_name_under_attack_opens_to_the_device_its_owner_used(alice):
    home = {"REMOTE_ADDR": "192.0.2.10", "HTTP_USER_AGENT": "own device"}
    assert sign_in("alice", **home).status_code == 200
    allow({"auth.name_failures": 3})
    for number in range(3):
        sign_in("alice", "wrong", REMOTE_ADDR=f"198.51.100.{number}")

    assert sign_in("alice", REMOTE_ADDR="198.51.100.99").status_code == 429
    assert sign_in("alice", **home).status_code == 200


def test_the_sign_in_page_has_the_same_limits(alice):
    def post(password):
        form = {"login": "alice", "password": password}
        return Client().post("/accounts/login/", form)

    assert statuses(lambda: post("wrong"), 6) == [200] * 5 + [429]
    assert post(PASSWORD).status_code == 429


def test_a_right_password_on_the_page_is_no_failure(alice):
    form = {"login": "alice", "password": PASSWORD}

    assert statuses(lambda: Client().post("/accounts/login/", form), 7) == [302] * 7


def test_a_reset_names_one_address_three_times_an_hour(alice):
    def ask(email, **fields):
        return Client().post("/accounts/password/reset/", {"email": email, **fields})

    assert statuses(lambda: ask("alice@example.com"), 4)[2:] == [302, 429]
    assert ask("alice@example.com", login="other").status_code == 429
    assert ask("bob@example.com").status_code == 302


def test_a_family_refreshes_at_its_own_pace(alice, bob):
    allow({"auth.refresh": 2})
    tokens = {"alice": sign_in("alice").json()["refresh"], "bob": sign_in("bob").json()["refresh"]}

    def refresh(who):
        path = "/api/v1/auth/token/refresh/"
        answer = Client().post(path, {"refresh": tokens[who]}, content_type="application/json")
        tokens[who] = answer.json().get("refresh", tokens[who])
        return answer.status_code

    assert [refresh("alice") for _time in range(3)] == [200, 200, 429]
    assert refresh("bob") == 200


# What is left


def test_the_caller_sees_every_class_and_asking_counts_once(alice, at_most):
    statuses(lambda: alice.client.post(UPLOAD, {}), 2)
    alice.get(LIMITS)
    with at_most(2):
        rows = {row["name"]: row for row in alice.get(LIMITS).json()["results"]}

    assert (rows["upload"]["used"], rows["upload"]["source"]) == (2, "database")
    assert (rows["api.read"]["remaining"], rows["api.read"]["source"]) == (2998, "redis")
    assert rows["invite"]["subject"] == "workspace"
    assert "auth.sign_in" not in rows


def test_the_page_and_the_card_show_what_is_left(alice):
    page = alice.get("/limits/").content.decode()
    card = alice.get("/home/cards/limits/").content.decode()

    assert "<progress" in page
    assert card.count("<progress") == 3


# Housekeeping and start


def test_the_sweep_forgets_windows_that_ended(alice):
    alice.client.post(UPLOAD, {})
    RateLimit.objects.update(expires_at="2020-01-01T00:00:00Z")

    sweeping.run_often()

    assert not RateLimit.objects.exists()


def test_every_view_falls_under_a_limit_that_exists():
    assert not [fault for fault in run_checks() if fault.id == "accounts.E002"]


def test_a_view_without_a_limit_is_found():
    class Careless(checks.ApiView):
        rate_limits = {"GET": ("api.reed",)}

        def get(self, request):
            """Names a limit that does not exist."""

        def post(self, request):
            """Names none."""

    faults = [(method, fault) for _view, method, fault in checks.unlimited({Careless})]

    assert ("GET", "names the unknown limit api.reed") in faults
    assert ("POST", "falls under no limit") in faults
