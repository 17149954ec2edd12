"""Second factors: enrolled, asked for at the sign-in, good once, required of operators."""

import json
import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts import second_factor
from accounts.models import Session, User
from tests import factories
from tests.accounts.api.calls import Program, assert_problem, program
from tests.accounts.codes import enrol
from tests.accounts.entrance import is_signed_in, sign_in
from tests.accounts.post import delivered, only_letter
from tests.accounts.trail import recorded

TOKEN = "/api/v1/auth/token/"
CODE = "/accounts/2fa/authenticate/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def app(alice, django_capture_on_commit_callbacks):
    """Alice's authenticator app."""
    with django_capture_on_commit_callbacks(execute=True):
        found = enrol(alice.client)
    delivered()
    return found


def recovery_codes(person) -> list[str]:
    page = person.get("/accounts/2fa/recovery-codes/").content.decode()
    return re.findall(r"<li><code>(\d+)</code>", page)


def test_enrolling_gives_ten_recovery_codes_and_a_letter(alice, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        enrol(alice.client)

    assert len(set(recovery_codes(alice))) == 10
    assert only_letter().to == ["alice@example.com"]


def test_the_password_alone_no_longer_signs_in(alice, app):
    client, response = sign_in("alice")

    assert response.url == CODE
    assert not is_signed_in(client)
    client.post(CODE, {"code": app.code(ahead=1)})
    assert is_signed_in(client)
    assert Session.objects.filter(user=alice.user).latest("created_at").mfa_at


def test_a_wrong_code_is_refused(alice, app):
    client, _response = sign_in("alice")

    page = client.post(CODE, {"code": "000000"})

    assert 'aria-invalid="true"' in page.content.decode()
    assert not is_signed_in(client)


def test_a_step_is_good_once(alice, app):
    code = app.code(ahead=1)
    second_factor.accept(user=alice.user, code=code)

    with pytest.raises(second_factor.CodeWrong):
        second_factor.accept(user=alice.user, code=code)


def test_the_code_that_switched_the_app_on_is_used_up(alice, app):
    with pytest.raises(second_factor.CodeWrong):
        second_factor.accept(user=alice.user, code=app.code())


def test_an_earlier_step_is_dead_once_a_later_one_was_used(alice, app):
    Authenticator.objects.filter(user=alice.user, type="totp").update(
        data=Authenticator.objects.get(user=alice.user, type="totp").data | {"last_step": 0}
    )
    second_factor.accept(user=alice.user, code=app.code())

    with pytest.raises(second_factor.CodeWrong):
        second_factor.accept(user=alice.user, code=app.code(ahead=-1))


def test_a_recovery_code_is_good_once(alice, app):
    code = recovery_codes(alice)[0]
    second_factor.accept(user=alice.user, code=code)

    assert len(recovery_codes(alice)) == 9
    with pytest.raises(second_factor.CodeWrong):
        second_factor.accept(user=alice.user, code=code)


def test_the_database_holds_no_secret_in_clear(alice, app):
    rows = json.dumps([one.data for one in Authenticator.objects.all()])

    assert app.secret not in rows
    assert all(code not in rows for code in recovery_codes(alice))


def test_a_secret_that_is_being_enrolled_waits_sealed(alice):
    page = alice.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="totp-secret"[^>]*>([A-Z2-7]+)<', page).group(1)

    assert secret not in json.dumps(dict(alice.client.session))


def test_enrolling_wants_a_fresh_sign_in(alice):
    Session.objects.filter(user=alice.user).update(authenticated_at="2020-01-01T00:00:00Z")

    response = alice.get("/accounts/2fa/totp/activate/")

    assert response.url.startswith("/accounts/reauthenticate/")


def test_a_code_proves_who_somebody_is(alice, app):
    Session.objects.filter(user=alice.user).update(authenticated_at="2020-01-01T00:00:00Z")

    alice.post("/accounts/2fa/reauthenticate/?next=/security/", {"code": app.code(ahead=1)})

    assert alice.get("/accounts/2fa/recovery-codes/").status_code == 200


def test_removing_the_app_is_told_and_recorded(alice, app):
    alice.post("/accounts/2fa/totp/deactivate/")

    assert not second_factor.is_set_up(alice.user)
    assert only_letter().to == ["alice@example.com"]
    assert recorded("auth.mfa_removed")


# Programs


def credentials(**more):
    return {"login": "alice", "password": factories.PASSWORD, **more}


def test_a_program_is_asked_for_the_code(alice, app):
    body = assert_problem(Program().post(TOKEN, credentials()), 401, "mfa_required")

    second = {"mfa_token": body["mfa_token"], "code": app.code(ahead=1)}
    assert Program().post(TOKEN, second).status_code == 200


def test_a_program_may_send_the_code_at_once(alice, app):
    assert Program().post(TOKEN, credentials(code=app.code(ahead=1))).status_code == 200


def test_a_wrong_code_of_a_program_is_refused(alice, app):
    response = Program().post(TOKEN, credentials(code="123456"))

    assert_problem(response, 401, "mfa_code_invalid")


def test_the_token_of_the_first_step_is_good_once(alice, app):
    body = Program().post(TOKEN, credentials()).json()
    second = {"mfa_token": body["mfa_token"], "code": app.code(ahead=1)}
    Program().post(TOKEN, second)

    again = {**second, "code": recovery_codes(alice)[0]}
    assert_problem(Program().post(TOKEN, again), 401, "mfa_token_invalid")


def test_the_token_of_the_first_step_lives_five_minutes(alice, app, time_machine):
    body = Program().post(TOKEN, credentials()).json()
    time_machine.move_to(time.time() + 301)

    second = {"mfa_token": body["mfa_token"], "code": app.code()}
    assert_problem(Program().post(TOKEN, second), 401, "mfa_token_invalid")


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "é"])
def test_a_damaged_token_is_refused(token):
    response = Program().post(TOKEN, {"mfa_token": token, "code": "123456"})

    assert response.status_code in (400, 401)


@pytest.mark.parametrize(
    "body", [{}, {"login": "alice"}, {"password": "x"}, {"mfa_token": "x"}, {"code": "123456"}]
)
def test_half_a_sign_in_is_a_field_fault(body):
    assert_problem(Program().post(TOKEN, body), 400, "validation_error")


def test_a_program_proves_itself_with_a_code_or_the_password(alice, app):
    caller = Program(
        Program().post(TOKEN, credentials(code=app.code(ahead=1))).json()["access"],
        alice.workspace.id,
    )
    Session.objects.filter(user=alice.user).update(authenticated_at="2020-01-01T00:00:00Z")
    stale = caller.post("/api/v1/me/sessions/revocation/")
    assert_problem(stale, 403, "reauth_required")

    wrong = caller.post("/api/v1/me/reauthentication/", {"password": "wrong password"})
    assert_problem(wrong, 401, "credentials_invalid")
    both = {"password": factories.PASSWORD, "code": "1"}
    assert caller.post("/api/v1/me/reauthentication/", both).status_code == 400
    code = recovery_codes_of(alice)[0]
    assert caller.post("/api/v1/me/reauthentication/", {"code": code}).status_code == 204

    assert caller.post("/api/v1/me/sessions/revocation/").status_code == 200


def recovery_codes_of(person) -> list[str]:
    authenticator = Authenticator.objects.get(user=person.user, type="recovery_codes")
    return authenticator.wrap().get_unused_codes()


def test_second_factors_are_listed_without_their_secrets(alice, app):
    body = program_with_code(alice, app).get("/api/v1/me/second-factors/").json()

    assert {one["kind"] for one in body["factors"]} == {"totp", "recovery_codes"}
    assert app.secret not in json.dumps(body)


def program_with_code(person, app) -> Program:
    found = Program().post(TOKEN, credentials(code=app.code(ahead=1))).json()
    return Program(found["access"], person.workspace.id)


# Who must have one


def make_overdue(person) -> None:
    User.objects.filter(pk=person.user.pk).update(mfa_due_at=timezone.now() - timedelta(seconds=1))


def test_an_operator_has_seven_days(olga):
    left = User.objects.get(pk=olga.user.pk).mfa_due_at - timezone.now()

    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert olga.get("/admin/").status_code == 200


def test_then_the_console_leads_to_the_second_factors_alone(
    olga, django_capture_on_commit_callbacks
):
    make_overdue(olga)

    assert olga.get("/admin/").url == "/accounts/2fa/"
    assert olga.get("/admin/accounts/user/").url == "/accounts/2fa/"
    assert olga.get("/").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        enrol(olga.client)
    assert olga.get("/admin/").status_code == 200


def test_an_operator_without_a_date_counts_from_the_opening(olga):
    User.objects.filter(pk=olga.user.pk).update(
        mfa_due_at=None, created_at=timezone.now() - timedelta(days=8)
    )

    assert olga.get("/admin/").url == "/accounts/2fa/"


def test_a_person_of_whom_one_is_required_gets_nowhere_else(
    alice, django_capture_on_commit_callbacks
):
    make_overdue(alice)
    client, response = sign_in("alice")

    assert response.url == "/accounts/2fa/"
    assert client.get("/settings/").url == "/accounts/2fa/"
    assert_problem(client.get("/api/v1/me/"), 403, "mfa_enrolment_required")
    refused = Program().post(TOKEN, credentials())
    assert_problem(refused, 403, "mfa_enrolment_required")
    with django_capture_on_commit_callbacks(execute=True):
        enrol(client)
    assert client.get("/settings/").status_code == 200


def test_an_operator_asks_somebody_for_a_second_factor(olga, alice):
    form = {
        "action": "require_second_factor",
        "_selected_action": [str(alice.user.pk)],
        "reason": "holds the payroll",
    }
    olga.post("/admin/accounts/user/", form)

    assert User.objects.get(pk=alice.user.pk).mfa_due_at
    assert only_letter().to == ["alice@example.com"]
    assert recorded("auth.mfa_required")[0].payload["details"] == {"reason": "holds the payroll"}


def test_without_redis_codes_still_work(alice, app, monkeypatch):
    """allauth counts used codes in the cache, and would refuse every code while it is away."""
    monkeypatch.setattr("django.core.cache.cache.add", lambda *_args, **_options: False)
    client, _response = sign_in("alice")

    client.post(CODE, {"code": app.code(ahead=1)})

    assert is_signed_in(client)


def test_a_stranger_cannot_finish_somebody_elses_sign_in(alice, app):
    stranger = Client()

    response = stranger.post(CODE, {"code": app.code(ahead=1)})

    assert response.url.startswith("/accounts/login/")
    assert not is_signed_in(stranger)


def test_listing_is_for_people(alice):
    assert program(alice).get("/api/v1/me/second-factors/").json()["factors"] == []
