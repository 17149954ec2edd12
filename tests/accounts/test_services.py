"""Signing in by GitHub, Google and Weixin, against a service that plays them over real HTTP."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from allauth.socialaccount.providers.weixin.views import WeixinOAuth2Adapter
from django.test import Client

from accounts import signup, tenancy
from accounts.models import Session, User
from laojun.models import OutboundRule
from tests import factories
from tests.accounts.api.calls import assert_problem, program
from tests.accounts.entrance import is_signed_in, sign_in
from tests.accounts.post import delivered, link_of, only_letter
from tests.accounts.trail import recorded
from tests.rig import services

pytestmark = pytest.mark.django_db
GITHUB = {"id": 4711, "login": "octo", "name": "Octo", "email": None, "avatar_url": "https://x/y"}
WEIXIN = {"openid": "open-1", "unionid": "union-1", "nickname": "wei"}


def emails(address="octo@example.com", *, verified=True):
    return [{"email": address, "primary": True, "verified": verified}]


@pytest.fixture
def service(monkeypatch):
    with services.playing() as played:
        port = int(played.address.rpartition(":")[2])
        with tenancy.platform_scope(reason="tests: open the way to the played service"):
            OutboundRule.objects.create(
                cidr="127.0.0.1/32",
                port_from=port,
                port_to=port,
                purposes=["oauth"],
                reason="tests",
                created_by="tests",
            )
        for adapter in (GitHubOAuth2Adapter, GoogleOAuth2Adapter, WeixinOAuth2Adapter):
            monkeypatch.setattr(adapter, "access_token_url", f"{played.address}/access_token")
        monkeypatch.setattr(GitHubOAuth2Adapter, "profile_url", f"{played.address}/user")
        monkeypatch.setattr(GitHubOAuth2Adapter, "emails_url", f"{played.address}/user/emails")
        monkeypatch.setattr(GoogleOAuth2Adapter, "identity_url", f"{played.address}/userinfo")
        monkeypatch.setattr(WeixinOAuth2Adapter, "profile_url", f"{played.address}/userinfo")
        played.person, played.emails = dict(GITHUB), emails()
        yield played


def start(client, provider="github", **query):
    """Press the button; returns what the browser is told to ask the service."""
    response = client.post(f"/accounts/{provider}/login/", query)
    return {name: one[0] for name, one in parse_qs(urlsplit(response.url).query).items()}


def come_back(client, provider="github", state="", **query):
    path = f"/accounts/{provider}/login/callback/"
    return client.get(path, {"code": "code-1", "state": state, **query})


def travel(client=None, provider="github", **query):
    """To the service and back."""
    client = client or Client()
    return client, come_back(client, provider, start(client, provider, **query)["state"])


def finish(client, **form):
    return client.post("/accounts/3rdparty/signup/", {"username": "octo", **form})


def connected(person) -> list[str]:
    accounts = SocialAccount.objects.filter(user=person.user)
    return sorted(accounts.values_list("provider", flat=True))


# The way there and back


def test_only_a_post_starts_with_pkce_and_state(service):
    client = Client()

    assert client.get("/accounts/github/login/").status_code == 200
    asked = start(client)

    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 16
    come_back(client, state=asked["state"])
    sent = dict(service.seen)["/access_token"]
    assert len(sent["code_verifier"]) >= 43
    assert sent["client_secret"] == "secret-of-github"


def test_a_newcomer_chooses_a_name_and_is_in(service):
    client, response = travel()
    assert response.url == "/accounts/3rdparty/signup/"
    page = client.get(response.url).content.decode()
    assert 'value="octo@example.com"' in page

    finish(client, email="octo@example.com")

    assert is_signed_in(client)
    octo = User.objects.get(username="octo")
    assert octo.status == "active"
    assert not octo.has_usable_password()
    assert EmailAddress.objects.get(user=octo).verified
    assert delivered() == []


def test_the_second_time_needs_no_form(service):
    client, _response = travel()
    finish(client, email="octo@example.com")

    again, response = travel()

    assert response.url == "/"
    assert is_signed_in(again)


def test_tokens_of_the_service_are_kept_nowhere(service):
    client, _response = travel()
    pending = json.dumps(dict(client.session))
    finish(client, email="octo@example.com")

    assert "canary" not in pending
    assert not SocialToken.objects.exists()
    assert "canary" not in json.dumps(dict(client.session))


def test_little_of_what_the_service_tells_is_kept(service):
    service.person |= {"company": "secret", "followers": 7, "two_factor_authentication": True}
    client, _response = travel()
    finish(client, email="octo@example.com")

    kept = SocialAccount.objects.get(provider="github").extra_data
    assert set(kept) <= {"id", "login", "name", "email", "avatar_url"}


def test_google_names_people_by_its_own_id(service):
    service.person = {"id": "g-1", "email": "octo@example.com", "verified_email": True}
    client, _response = travel(provider="google")
    finish(client, email="octo@example.com")

    assert SocialAccount.objects.get().uid == "g-1"
    assert User.objects.get(username="octo").status == "active"


# What a service does not vouch for


def test_an_unproven_address_at_the_service_counts_for_nothing(service, with_mail):
    service.emails = emails(verified=False)
    client, response = travel()
    assert 'value="octo@example.com"' not in client.get(response.url).content.decode()

    finish(client, email="octo@example.com")

    assert not is_signed_in(client)
    assert User.objects.get(username="octo").status == "pending"
    client.post(link_of(only_letter()))
    assert is_signed_in(client)


def test_another_address_than_the_vouched_one_is_confirmed_first(service, with_mail):
    client, _response = travel()

    finish(client, email="other@example.com")

    assert not is_signed_in(client)
    assert only_letter().to == ["other@example.com"]


def test_an_unproven_claim_to_a_known_address_tells_nothing_and_joins_nothing(
    service,
    with_mail,
    alice,
):
    service.emails = emails("alice@example.com", verified=False)
    client, response = travel()
    assert response.url == "/accounts/3rdparty/signup/"

    answer = finish(client, email="alice@example.com")

    assert answer.url == "/accounts/confirm-email/"
    assert not is_signed_in(client)
    assert connected(alice) == []
    assert only_letter().to == ["alice@example.com"]


# Joining an account that exists


def test_a_known_person_signs_in_once_and_is_joined(service, alice):
    service.emails = emails("alice@example.com")
    client, response = travel()
    assert response.url == "/accounts/service/"
    assert "GitHub" in client.get(response.url).content.decode()
    assert connected(alice) == []

    _client, response = sign_in("alice", client=client)
    client.get(response.url)

    assert connected(alice) == ["github"]
    assert "GitHub" in only_letter().body
    assert recorded("auth.service_connected")
    again, _response = travel()
    assert is_signed_in(again)


def test_who_signs_in_as_somebody_else_joins_nothing(service, alice, charlie):
    service.emails = emails("alice@example.com")
    client, _response = travel()

    _client, response = sign_in("charlie", client=client)
    client.get(response.url)

    assert connected(alice) == connected(charlie) == []


def test_an_account_that_never_proved_the_address_captures_nobody(service, with_mail):
    """Somebody opened an account with another's address before its owner came by a service."""
    squatter = signup.open_account(
        email="octo@example.com", username="squatter", password=factories.PASSWORD
    )
    client, response = travel()
    assert response.url == "/accounts/service/"

    _client, answer = sign_in("squatter", client=client)

    assert answer.url == "/accounts/confirm-email/"
    assert not SocialAccount.objects.exists()
    assert not is_signed_in(client)
    assert squatter.status == "pending"


def test_even_signed_in_an_unproven_address_joins_nothing(service):
    signup.open_account(email="octo@example.com", username="early", password=factories.PASSWORD)
    client, _response = travel()

    _client, response = sign_in("early", client=client)
    client.get(response.url)

    assert is_signed_in(client)
    assert not SocialAccount.objects.exists()


# Weixin


def test_weixin_asks_for_an_address_and_waits_for_it(service, with_mail):
    service.person = dict(WEIXIN)
    client, response = travel(provider="weixin")
    assert response.url == "/accounts/3rdparty/signup/"

    finish(client, email="wei@example.com", username="wei")

    assert not is_signed_in(client)
    assert SocialAccount.objects.get().uid == "union-1"
    client.post(link_of(only_letter()))
    assert is_signed_in(client)


def test_without_a_unionid_weixin_people_are_told_apart_by_app(service):
    service.person = {"openid": "open-1", "nickname": "wei"}
    client, _response = travel(provider="weixin")
    finish(client, email="wei@example.com", username="wei")

    assert SocialAccount.objects.get().uid == "id-of-weixin:open-1"


def test_weixin_without_any_id_is_refused(service):
    service.person = {"openid": "", "nickname": "wei"}

    _client, response = travel(provider="weixin")

    assert response.status_code == 401
    assert not SocialAccount.objects.exists()


# Connecting, disconnecting


def test_a_service_is_connected_and_disconnected_on_the_security_page(service, alice):
    travel(alice.client, process="connect")
    assert connected(alice) == ["github"]
    delivered()

    account = SocialAccount.objects.get()
    alice.post(f"/security/services/{account.pk}/removal/")

    assert connected(alice) == []
    assert "GitHub" in only_letter().body


def test_nobody_disconnects_somebody_elses_service(service, alice, charlie):
    travel(alice.client, process="connect")
    account = SocialAccount.objects.get()

    assert charlie.post(f"/security/services/{account.pk}/removal/").status_code == 404
    assert program(charlie).delete(f"/api/v1/me/services/{account.pk}/").status_code == 404
    assert connected(alice) == ["github"]


def test_what_is_connected_to_somebody_else_stays_there(service, alice, charlie):
    travel(alice.client, process="connect")
    travel(charlie.client, process="connect")

    assert connected(alice) == ["github"]
    assert connected(charlie) == []


def test_the_last_way_in_cannot_be_removed(service):
    client, _response = travel()
    finish(client, email="octo@example.com")
    account = SocialAccount.objects.get()

    client.post(f"/security/services/{account.pk}/removal/")
    answer = client.delete(f"/api/v1/me/services/{account.pk}/")

    assert_problem(answer, 409, "last_sign_in_method")
    assert SocialAccount.objects.exists()


def test_connecting_and_disconnecting_want_a_fresh_sign_in(service, alice):
    travel(alice.client, process="connect")
    account = SocialAccount.objects.get()
    caller = program(alice)
    Session.objects.filter(user=alice.user).update(authenticated_at="2020-01-01T00:00:00Z")

    response = alice.post(f"/security/services/{account.pk}/removal/")
    assert response.url.startswith("/accounts/reauthenticate/")
    refused = caller.delete(f"/api/v1/me/services/{account.pk}/")
    assert_problem(refused, 403, "reauth_required")
    service.person["id"] = 815
    _client, response = travel(alice.client, process="connect")
    assert response.url.startswith("/accounts/reauthenticate/")
    assert connected(alice) == ["github"]


def test_who_has_no_password_proves_themselves_at_the_service(service):
    client, _response = travel()
    finish(client, email="octo@example.com")
    Session.objects.update(authenticated_at="2020-01-01T00:00:00Z")

    response = client.get("/accounts/2fa/totp/activate/")

    assert response.url == "/accounts/proof/"
    assert "Github" in client.get(response.url).content.decode()
    travel(client)
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200


# Hostile and broken services


@pytest.mark.parametrize("state", ["", "forged", "x" * 5000])
def test_a_forged_state_signs_nobody_in(service, state):
    client = Client()
    start(client)

    response = come_back(client, state=state)

    assert response.status_code == 401
    assert not any(path == "/access_token" for path, _query in service.seen)


def test_the_state_of_one_browser_is_worth_nothing_in_another(service, alice):
    attacker = Client()
    state = start(attacker)["state"]

    response = come_back(alice.client, state=state)

    assert response.status_code == 401
    assert connected(alice) == []


def test_a_state_is_good_once(service):
    client = Client()
    state = start(client)["state"]
    come_back(client, state=state)

    assert come_back(client, state=state).status_code == 401


def test_stopping_at_the_service_is_no_error(service):
    client = Client()
    state = start(client)["state"]

    response = client.get(
        "/accounts/github/login/callback/", {"error": "access_denied", "state": state}, follow=True
    )

    assert response.status_code == 200
    assert not is_signed_in(client)


@pytest.mark.parametrize("mood", ["broken", "nonsense"])
def test_a_service_that_misbehaves_is_explained(service, mood):
    service.mood = mood

    _client, response = travel()

    assert response.status_code == 401
    page = response.content.decode()
    assert "GitHub" in page
    assert "/accounts/login/" in page


def test_a_service_that_hangs_is_given_up_in_five_seconds(service, monkeypatch):
    monkeypatch.setattr("laojun.ports.SECONDS", 0.5)
    service.mood = "hangs"

    _client, response = travel()

    assert response.status_code == 401


def test_a_service_behind_a_closed_address_is_not_reached(service):
    with tenancy.platform_scope(reason="tests: close the way again"):
        OutboundRule.objects.all().delete()

    _client, response = travel()

    assert response.status_code == 401
    assert service.seen == []


@pytest.mark.parametrize(
    "person", [{}, {"id": None}, {"id": 1, "login": "admin"}, {"id": "<b>", "login": "a" * 500}]
)
def test_odd_people_open_no_account_by_themselves(service, person):
    service.person = person
    client = Client()
    client.raise_request_exception = False

    _client, response = travel(client)

    assert response.status_code in (302, 401)
    assert not SocialAccount.objects.exists()


def test_a_service_without_credentials_is_not_offered(settings):
    assert "GitHub" in Client().get("/accounts/login/").content.decode()

    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "GitHub" not in Client().get("/accounts/login/").content.decode()
