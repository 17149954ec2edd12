"""Getting in: confirming an address, a new password, and saying nothing about who has an account."""

import re
import statistics
import time

import pytest
from django.test import Client

from accounts import identity, limits, recovery, signup
from accounts.models import Session, SignIn, User
from accounts.sign_in import Adapter
from tests import factories
from tests.accounts.api.calls import Program, assert_problem, program
from tests.accounts.entrance import is_signed_in, sign_in
from tests.accounts.post import delivered, link_of, only_letter

pytestmark = pytest.mark.django_db
NEW = "another four unrelated words"


def sign_up(email="dora@example.com", username="dora", client=None):
    form = {"email": email, "username": username, "password1": factories.PASSWORD}
    client = client or Client()
    return client, client.post("/accounts/signup/", form)


def user(username="dora") -> User:
    return User.objects.get(username=username)


# Confirming an address


def test_a_new_account_waits_for_its_address(with_mail):
    client, response = sign_up()

    assert response.url == "/accounts/confirm-email/"
    assert user().status == "pending"
    assert not is_signed_in(client)
    assert only_letter().to == ["dora@example.com"]


def test_the_link_confirms_by_a_post_and_lets_the_same_browser_in(with_mail):
    client, _response = sign_up()
    link = link_of(only_letter())

    page = client.get(link)
    assert user().status == "pending"
    assert "dora@example.com" in page.content.decode()
    client.post(link)

    assert user().status == "active"
    assert is_signed_in(client)
    assert client.get("/").status_code == 200


def test_a_link_opened_elsewhere_confirms_but_signs_nobody_in(with_mail, charlie):
    sign_up()
    link = link_of(only_letter())

    charlie.get(link)
    charlie.post(link)

    assert user().status == "active"
    assert charlie.get("/api/v1/me/").json()["username"] == "charlie"


def test_a_link_works_once_and_for_a_day(with_mail, time_machine):
    sign_up()
    link = link_of(only_letter())
    sign_up("emil@example.com", "emil")
    late = link_of(only_letter())

    Client().post(link)
    again = Client().post(link)
    time_machine.move_to(time.time() + 24 * 3600 + 1)
    Client().post(late)

    assert again.status_code == 200
    assert user("emil").status == "pending"


def test_signing_in_before_that_sends_the_letter_again_and_stays_outside(with_mail):
    sign_up()
    delivered()

    client, response = sign_in("dora")

    assert response.url == "/accounts/confirm-email/"
    assert not is_signed_in(client)
    assert only_letter().to == ["dora@example.com"]


def test_the_letter_can_be_asked_for_again(with_mail):
    client, _response = sign_up()
    delivered()

    client.post("/accounts/confirm-email/")
    assert only_letter().to == ["dora@example.com"]
    Client().post("/accounts/confirm-email/")
    assert delivered() == []


def test_a_program_is_told_only_with_the_right_password(with_mail):
    sign_up()
    body = {"login": "dora", "password": factories.PASSWORD}

    assert_problem(Program().post("/api/v1/auth/token/", body), 401, "email_unverified")
    wrong = {**body, "password": "x" * 12}
    assert_problem(Program().post("/api/v1/auth/token/", wrong), 401, "credentials_invalid")


def test_without_a_mail_server_people_come_in_at_once():
    client, response = sign_up()

    assert response.url == "/"
    assert is_signed_in(client)
    assert user().status == "active"


# Addresses


def test_an_address_is_added_confirmed_and_made_the_main_one(alice):
    form = {"email": "Second@Example.com", "action_add": "1"}
    assert alice.post("/accounts/email/", form).status_code == 302
    letter = only_letter()
    assert letter.to == ["second@example.com"]
    alice.post(link_of(letter))

    alice.post("/accounts/email/", {"email": "second@example.com", "action_primary": "1"})

    found = User.objects.get(pk=alice.user.pk)
    assert (found.email, found.email_key) == ("second@example.com", "second@example.com")
    assert only_letter().to == ["alice@example.com"], "announced on the old address"


def test_the_main_address_cannot_be_removed(alice):
    alice.post("/accounts/email/", {"email": "alice@example.com", "action_remove": "1"})

    assert alice.user.emailaddress_set.count() == 1


def test_ten_addresses_are_the_most(alice):
    for number in range(12):
        form = {"email": f"more{number}@example.com", "action_add": "1"}
        alice.post("/accounts/email/", form)

    assert alice.user.emailaddress_set.count() == 10


def test_one_address_cannot_be_added_twice_in_two_spellings(alice):
    page = alice.post("/accounts/email/", {"email": "ALIce@EXAMPLE.com", "action_add": "1"})

    assert page.status_code == 200
    assert alice.user.emailaddress_set.count() == 1


def test_changing_addresses_wants_a_fresh_sign_in(alice):
    Session.objects.filter(user=alice.user).update(authenticated_at="2020-01-01T00:00:00Z")

    response = alice.post("/accounts/email/", {"email": "x@example.com", "action_add": "1"})

    assert response.url.startswith("/accounts/reauthenticate/")


# A new password


def asked_for(login, client=None) -> None:
    (client or Client()).post("/accounts/password/reset/", {"email": login})


def reset(link, client=None, password=NEW):
    client = client or Client()
    form = client.get(link, follow=True)
    return client, client.post(form.redirect_chain[-1][0], {"password1": password})


def test_a_reset_link_sets_a_new_password_and_ends_everything(alice):
    caller = program(alice)
    asked_for("alice@example.com")
    reset(link_of(only_letter()))

    assert identity.verify(login="alice", password=NEW) == alice.user
    assert not is_signed_in(alice.client)
    assert caller.get("/api/v1/me/").status_code == 401
    assert "alice" in only_letter().body, "the owner is told"


def test_a_reset_link_works_once(alice):
    asked_for("alice@example.com")
    link = link_of(only_letter())
    reset(link)

    page = Client().get(link, follow=True)

    assert 'name="password1"' not in page.content.decode()


def test_a_reset_link_works_for_an_hour(alice, time_machine):
    asked_for("alice@example.com")
    link = link_of(only_letter())
    time_machine.move_to(time.time() + 3601)

    assert 'name="password1"' not in Client().get(link, follow=True).content.decode()


@pytest.mark.parametrize("typed", ["ALICE@EXAMPLE.COM", "alıce@example.com", "aliCe@example.com"])
def test_the_letter_goes_to_the_stored_address_never_to_the_typed_one(alice, typed):
    recovery.ask(login=typed)

    assert only_letter().to == ["alice@example.com"]


def test_nobody_is_written_to_for_an_unknown_or_suspended_account(alice):
    User.objects.filter(pk=alice.user.pk).update(status="suspended", is_active=False)
    asked_for("alice@example.com")
    asked_for("nobody@example.com")

    assert delivered() == []


def test_a_weak_new_password_is_refused(alice):
    asked_for("alice@example.com")
    _client, page = reset(link_of(only_letter()), password="password123")

    assert page.status_code == 200
    assert 'aria-invalid="true"' in page.content.decode()
    assert identity.verify(login="alice", password=factories.PASSWORD)


def test_a_changed_password_ends_all_others_and_offers_to_revoke_keys(alice):
    other = Client()
    other.force_login(alice.user)
    form = {"oldpassword": factories.PASSWORD, "password1": NEW}

    alice.post("/accounts/password/change/", form)

    assert is_signed_in(alice.client)
    assert not is_signed_in(other)
    assert link_of(only_letter()) == "/security/"


def test_all_keys_are_revoked_at_once(alice):
    form = {"name": "a", "scopes": ["workspace.view"], "days": "30"}
    texts = [
        re.search(r"tlk_[\w-]+", alice.post("/security/keys/", form).content.decode()).group()
        for _ in range(2)
    ]

    alice.post("/security/keys/revocation/")

    assert [Program(text).get("/api/v1/workspaces/").status_code for text in texts] == [401, 401]


def test_password_managers_find_the_page():
    assert Client().get("/.well-known/change-password").url == "/accounts/password/change/"


# Saying nothing about who has an account


def bare(response) -> str:
    """A page without what differs between any two answers."""
    text = response.content.decode()
    text = re.sub(r'(csrfmiddlewaretoken" value|X-CSRFToken": |nonce=|trace)[^>\s]*', "", text)
    return re.sub(r"[\w.]+@example\.com|dora|emil|alice", "X", text)


def test_sign_up_answers_alike_for_a_taken_address_and_tells_its_owner(with_mail, alice):
    known, unknown = sign_up("alice@example.com", "dora"), sign_up("emil@example.com", "emil")

    assert known[1].status_code == unknown[1].status_code == 302
    assert known[1].url == unknown[1].url
    pages = [bare(client.get(response.url)) for client, response in (known, unknown)]
    assert pages[0] == pages[1]
    assert set(known[1].cookies) == set(unknown[1].cookies)
    assert {letter.to[0] for letter in delivered()} == {"alice@example.com", "emil@example.com"}
    assert not User.objects.filter(username="dora").exists()


@pytest.mark.parametrize("typed", ["ALICE@example.com", "alıce@example.com", "ａlice@example.com"])
def test_the_owner_of_a_taken_address_is_written_to_where_it_is_stored(alice, typed):
    Adapter(None).send_account_already_exists_mail(typed)

    assert only_letter().to == ["alice@example.com"]


@pytest.mark.parametrize("path", ["/accounts/password/reset/"])
def test_reset_answers_alike(alice, path):
    answers = [
        Client().post(path, {"email": email}, follow=True)
        for email in ("alice@example.com", "emil@example.com")
    ]

    assert bare(answers[0]) == bare(answers[1])


def medians(calls, rounds) -> list[float]:
    """The middle time of each call, taken in turns so that the machine's moods hit all of them."""
    taken = [[] for _ in calls]
    for _round in range(rounds):
        for place, call in enumerate(calls):
            started = time.perf_counter()
            call()
            taken[place].append(time.perf_counter() - started)
    return [statistics.median(times) for times in taken]


def statements(call, django_assert_max_num_queries):
    with django_assert_max_num_queries(500) as seen:
        call()
    return [entry["sql"].split()[0] for entry in seen.captured_queries]


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        (lambda: asked_for("alice@example.com"), lambda: asked_for("emil@example.com")),
        (lambda: sign_in("alice", "x" * 12), lambda: sign_in("emil", "x" * 12)),
    ],
)
def test_known_and_unknown_accounts_cost_the_same_work(
    alice, known, unknown, django_assert_max_num_queries, monkeypatch
):
    # Live settings are read by the clock, whoever asks; here the clock stands still.
    monkeypatch.setattr(limits, "LIVE_SECONDS", 3600.0)
    known(), unknown()

    assert statements(known, django_assert_max_num_queries) == statements(
        unknown, django_assert_max_num_queries
    )


def test_sign_up_does_the_same_work_for_a_taken_address(
    with_mail, alice, django_assert_max_num_queries
):
    def inserts(email, name):
        found = statements(lambda: sign_up(email, name), django_assert_max_num_queries)
        return found.count("INSERT")

    taken = inserts("alice@example.com", "fritz")
    free = inserts("gerd@example.com", "gerd")

    assert abs(taken - free) <= 1


def test_an_unknown_name_costs_a_hash_too(alice):
    known, unknown = medians(
        [
            lambda: identity.verify(login="alice", password="wrong password"),
            lambda: identity.verify(login="nobody", password="wrong password"),
        ],
        rounds=15,
    )

    assert unknown > known / 2


def test_a_megabyte_of_password_is_refused_before_it_is_hashed(alice):
    started = time.perf_counter()
    assert identity.verify(login="alice", password="x" * 1_000_000) is None

    assert time.perf_counter() - started < 0.05


def test_a_failed_sign_in_is_kept_for_its_owner_and_named_to_nobody(alice):
    sign_in("alice", "wrong password")
    sign_in("nobody", "wrong password")
    Program().post("/api/v1/auth/token/", {"login": "alice", "password": "wrong password"})

    assert SignIn.objects.filter(user=alice.user, result="failed").count() == 2
    assert SignIn.objects.filter(user=None).count() == 1
    page = alice.get("/security/").content.decode()
    assert page.count("badge-bad") == 2
    listed = program(alice).get("/api/v1/me/sign-ins/").json()["results"]
    assert [one["result"] for one in listed].count("failed") == 2


# Devices


def from_device(person, agent, ip="198.51.100.7"):
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=ip)
    sign_in(person.user.username, client=client)
    return client


FIREFOX = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"


def test_a_new_device_is_told_by_mail_and_a_known_one_is_not(alice):
    from_device(alice, FIREFOX)
    assert "Firefox · Windows" in only_letter().body

    from_device(alice, FIREFOX.replace("140", "141"), ip="198.51.100.99")
    assert delivered() == []
    from_device(alice, FIREFOX, ip="203.0.113.5")
    assert delivered(), "another network"


def test_the_first_sign_in_of_all_is_no_news():
    account = factories.account("fresh")
    sign_in(account.user.username)

    assert delivered() == []


def test_this_was_not_me_ends_the_sign_in_and_locks_the_password(alice):
    thief = from_device(alice, FIREFOX)
    link = link_of(only_letter())

    assert Client().get(link).status_code == 200
    assert is_signed_in(thief), "a GET changes nothing"
    Client().post(link)

    assert not is_signed_in(thief)
    assert not is_signed_in(from_device(alice, FIREFOX))
    reset(link_of(only_letter()))
    assert identity.verify(login="alice", password=NEW)


def test_a_damaged_link_of_that_kind_is_explained(alice):
    assert Client().get("/accounts/not-me/nonsense/").status_code == 404
    assert Client().post("/accounts/not-me/nonsense/").status_code == 404


def test_a_used_refresh_token_is_told_by_mail(alice):
    first = Program().post(
        "/api/v1/auth/token/", {"login": "alice", "password": factories.PASSWORD}
    )
    delivered()
    token = first.json()["refresh"]
    second = Program().post("/api/v1/auth/token/refresh/", {"refresh": token}).json()["refresh"]
    Program().post("/api/v1/auth/token/refresh/", {"refresh": second})
    Program().post("/api/v1/auth/token/refresh/", {"refresh": token})

    assert link_of(only_letter()) == "/security/"


def test_opening_an_account_is_one_step_or_none():
    signup.rehearse(password=factories.PASSWORD)

    assert not User.objects.filter(username__startswith="nobody-").exists()
