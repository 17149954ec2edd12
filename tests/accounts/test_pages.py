"""The account pages: what they show, what they store, and whom they refuse."""

import re

import pytest
from django.test import Client

from accounts import authentication, tenancy
from accounts.models import ApiKey, Profile, Session, UserSettings, Workspace
from accounts.registry import (
    ConsoleTile,
    HomeCard,
    NavigationEntry,
    console_tiles,
    home_cards,
    navigation,
)
from accounts.web import frame
from tests import factories

pytestmark = pytest.mark.django_db

SETTINGS = "/api/v1/me/settings/"
JSON = "application/json"


@pytest.fixture
def registered(monkeypatch):
    """`registered(store, key, entry)` adds an entry for this test alone."""

    def add(store, key, entry):
        monkeypatch.setitem(store._entries, key, entry)

    return add


def settings_of(person) -> UserSettings:
    return UserSettings.objects.get(user=person.user)


def text_of(response) -> str:
    return response.content.decode()


# The first page


def test_a_stranger_is_told_what_this_is_and_where_to_sign_in():
    page = text_of(Client().get("/"))

    assert "/accounts/login/" in page
    assert "/accounts/signup/" in page


def test_the_first_page_greets_by_name(alice):
    assert "alice" in text_of(alice.get("/"))


def test_a_card_that_breaks_leaves_the_page_standing(alice, registered):
    def broken(**_):
        raise RuntimeError

    card = HomeCard("broken", "running", "accounts/_first_steps.html", broken)
    registered(home_cards, "broken", card)
    alice.client.raise_request_exception = False

    assert "/home/cards/broken/" in text_of(alice.get("/"))
    assert alice.get("/home/cards/broken/").status_code == 500


def test_a_card_gets_the_person_and_the_workspace(alice, registered):
    seen = {}

    def build(**given):
        seen.update(given)
        return {"steps": []}

    card = HomeCard("mine", "running", "accounts/_first_steps.html", build)
    registered(home_cards, "mine", card)

    assert alice.get("/home/cards/mine/").status_code == 200
    assert seen == {"user": alice.user, "workspace": alice.workspace}


def test_an_unknown_card_is_not_found(alice):
    assert alice.get("/home/cards/nothing/").status_code == 404


def test_the_first_steps_go_away_when_they_are_done(alice, monkeypatch):
    monkeypatch.setattr("accounts.views.home.first_steps.values", list)

    assert alice.get("/home/steps/").content == b""


# The frame


def test_the_frame_asks_the_database_once(alice, rf, django_assert_num_queries):
    request = rf.get("/")
    request.principal = authentication.Principal(
        user=alice.user, workspace_id=alice.workspace.id, is_owner=True
    )

    with (
        tenancy.workspace(alice.workspace.id, user_id=alice.user.id),
        django_assert_num_queries(1),
    ):
        look = frame.of(request)
        assert frame.of(request) is look

    assert look.workspace["name"] == "alice"
    assert look.theme == "dark"


def test_the_rail_hides_what_a_person_may_not_see(alice, bob, registered):
    entry = NavigationEntry("keys", "Only owners", "security", "key", 1, "workspace.delete")
    registered(navigation, "keys", entry)

    assert "Only owners" in text_of(alice.get("/"))
    assert "Only owners" not in text_of(bob.get("/"))


def test_a_place_without_a_page_is_left_out(alice, registered):
    entry = NavigationEntry("studio", "Not there yet", "no_such_name", "pen", 1)
    registered(navigation, "studio", entry)

    assert "Not there yet" not in text_of(alice.get("/"))


# Workspace and language


def test_switching_the_workspace_moves_the_session(bob):
    with tenancy.user(bob.user.id):
        own = Workspace.objects.get(owner=bob.user)

    response = bob.post("/workspaces/switch/", {"workspace": own.id, "next": "/settings/"})

    assert response.url == "/settings/"
    assert bob.client.session["workspace"] == own.id


@pytest.mark.parametrize("wanted", ["", "0", "-1", "x", "9" * 30, "１"])
def test_switching_to_nonsense_is_not_found(alice, wanted):
    assert alice.post("/workspaces/switch/", {"workspace": wanted}).status_code == 404


def test_switching_to_a_strangers_workspace_is_not_found(alice, charlie):
    response = charlie.post("/workspaces/switch/", {"workspace": alice.workspace.id})

    assert response.status_code == 404
    assert charlie.client.session["workspace"] == charlie.workspace.id


def test_switching_never_leads_to_another_site(alice):
    form = {"workspace": alice.workspace.id, "next": "https://evil.example/"}

    assert alice.post("/workspaces/switch/", form).url == "/"


def test_a_single_thing_of_the_old_workspace_leads_to_its_room(alice):
    form = {"workspace": alice.workspace.id, "next": "/settings/theme/"}

    assert alice.post("/workspaces/switch/", form).url == "/settings/"


def test_the_language_is_chosen_before_sign_in():
    client = Client()

    client.post("/language/", {"language": "en"})

    assert 'lang="en"' in text_of(client.get("/accounts/login/"))


def test_the_language_is_remembered_in_the_account(alice):
    alice.post("/language/", {"language": "en", "next": "/profile/"})

    assert settings_of(alice).language == "en"
    assert '<html lang="en"' in text_of(alice.get("/profile/"))


# Settings and profile


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("theme", "light", "light"),
        ("language", "en", "en"),
        ("timezone", "Europe/Zurich", "Europe/Zurich"),
        ("editor_font_family", '"Songti SC", Georgia', '"Songti SC", Georgia'),
        ("editor_font_size", 40, 40),
        ("editor_line_height", 2.5, 2.5),
        ("editor_paragraph_spacing", 0, 0),
        ("editor_word_wrap", False, False),
        ("show_sidebar", False, False),
        ("show_outline", False, False),
        ("show_status_bar", False, False),
        ("auto_save_interval", 5, 5),
        ("export_format", "epub", "epub"),
        ("export_include_metadata", False, False),
    ],
)
def test_each_setting_is_saved_alone(alice, name, value, stored):
    response = alice.client.patch(SETTINGS, {name: value}, content_type=JSON)

    assert response.status_code == 200
    assert getattr(settings_of(alice), name) == stored


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "pink"),
        ("language", "fr"),
        ("timezone", "Mars/Olympus"),
        ("editor_font_family", "x; } body { display: none"),
        ("editor_font_family", "url(javascript:1)"),
        ("editor_font_size", "9"),
        ("editor_font_size", "41"),
        ("editor_line_height", "0.9"),
        ("editor_paragraph_spacing", "-1"),
        ("auto_save_interval", "601"),
        ("export_format", "exe"),
    ],
)
def test_a_wrong_setting_is_explained_and_not_stored(alice, name, value):
    before = getattr(settings_of(alice), name)

    response = alice.client.patch(SETTINGS, {name: value}, content_type=JSON)
    form = alice.post("/settings/", {name: value})

    assert response.json()["errors"][0]["pointer"] == f"/{name}"
    assert "field-error" in text_of(form)
    assert getattr(settings_of(alice), name) == before


@pytest.mark.parametrize("name", ["version", "user", "nothing"])
def test_columns_that_are_no_preference_cannot_be_set(alice, name):
    assert alice.client.patch(SETTINGS, {name: "1"}, content_type=JSON).status_code == 400


def test_a_group_gets_its_first_values_back(alice):
    chosen = {"editor_font_size": 20, "theme": "light"}
    alice.client.patch(SETTINGS, chosen, content_type=JSON)

    alice.post("/settings/editor/reset/")

    assert settings_of(alice).editor_font_size == 16
    assert settings_of(alice).theme == "light"


def test_every_preference_has_its_place_on_the_page(alice):
    kept = {field.name for field in UserSettings._meta.fields}
    kept -= {"user", "extra", "version", "created_at", "updated_at"}

    page = text_of(alice.get("/settings/"))

    assert {name for name in kept if f'id="saved-{name}"' not in page} == set()


def test_the_profile_is_changed(alice):
    form = {"display_name": "Alice 老师", "bio": "写作", "website": "https://example.com"}

    assert alice.post("/profile/", form).url == "/profile/"
    assert Profile.objects.get(user=alice.user).display_name == "Alice 老师"
    assert "Alice 老师" in text_of(alice.get("/"))


@pytest.mark.parametrize("website", ["javascript:alert(1)", "example.com", "https://a b"])
def test_a_website_is_an_address_of_the_web(alice, website):
    response = alice.post("/profile/", {"display_name": "A", "website": website})

    assert response.status_code == 200
    assert 'aria-invalid="true"' in text_of(response)
    assert Profile.objects.get(user=alice.user).website == ""


# Security


def signed_in_elsewhere(person) -> Session:
    other = Client()
    other.force_login(person.user)
    return Session.objects.filter(user=person.user).latest("created_at")


def test_another_device_is_signed_out(alice):
    session = signed_in_elsewhere(alice)

    alice.post(f"/security/sessions/{session.pk}/end/")

    session.refresh_from_db()
    assert session.revoked_at is not None
    assert alice.get("/security/").status_code == 200


def test_nobody_ends_the_session_of_somebody_else(alice, charlie):
    session = signed_in_elsewhere(alice)

    assert charlie.post(f"/security/sessions/{session.pk}/end/").status_code == 404
    session.refresh_from_db()
    assert session.revoked_at is None


def test_all_other_devices_are_signed_out_at_once(alice):
    session = signed_in_elsewhere(alice)

    alice.post("/security/sessions/end-others/")

    session.refresh_from_db()
    assert session.revoked_at is not None
    assert alice.get("/security/").status_code == 200


def test_a_key_is_shown_once_and_works(alice):
    form = {"name": "script", "scopes": ["workspace.view"], "days": "30"}

    page = text_of(alice.post("/security/keys/", form))

    text = re.search(r"tlk_[A-Za-z0-9_-]+", page).group()
    assert text not in text_of(alice.get("/security/"))
    answer = Client().get("/api/v1/workspaces/", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 200


def test_a_key_holds_no_right_that_its_maker_lacks(bob):
    form = {"name": "script", "scopes": ["workspace.delete"], "days": "30"}

    page = text_of(bob.post("/security/keys/", form))

    assert "field-invalid" in page
    with tenancy.workspace(bob.workspace.id, user_id=bob.user.id):
        assert not ApiKey.objects.exists()


def test_making_a_key_wants_a_fresh_sign_in(alice):
    stale = "2020-01-01T00:00:00Z"
    Session.objects.filter(user=alice.user).update(authenticated_at=stale)
    form = {"name": "script", "scopes": ["workspace.view"], "days": "30"}

    response = alice.post("/security/keys/", form)

    assert response.status_code == 302
    assert response.url.startswith("/accounts/reauthenticate/")


def test_a_key_is_revoked_by_its_holder_only(alice, bob):
    alice.post("/security/keys/", {"name": "a", "scopes": ["workspace.view"], "days": "30"})
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        key = ApiKey.objects.get()

    assert bob.post(f"/security/keys/{key.pk}/revocation/").status_code == 404
    assert alice.post(f"/security/keys/{key.pk}/revocation/").status_code == 302
    assert (
        key.name
        not in text_of(alice.get("/security/")).partition("<tbody>")[2].partition("tlk_")[2]
    )


# Signing up and in


def sign_up(**fields):
    form = {
        "email": "dora@example.com",
        "username": "dora",
        "password1": factories.PASSWORD,
        **fields,
    }
    client = Client()
    return client, client.post("/accounts/signup/", form)


def test_signing_up_opens_an_account_with_a_workspace():
    client, response = sign_up()

    assert response.url == "/"
    assert "dora" in text_of(client.get("/"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("username", "x"),
        ("username", "admin"),
        ("username", "Аlice"),
        ("password1", "short"),
        ("password1", "password123"),
    ],
)
def test_a_refused_sign_up_keeps_what_was_typed(field, value):
    _client, response = sign_up(**{field: value})

    page = text_of(response)
    assert f'id="id_{field}_error"' in page
    assert 'aria-invalid="true"' in page
    if field != "email":
        assert 'value="dora@example.com"' in page
    assert factories.PASSWORD not in page


def test_a_name_in_use_is_refused_beside_its_field(alice):
    _client, response = sign_up(username="ALICE")

    assert 'id="id_username_error"' in text_of(response)


def test_wrong_sign_ins_look_alike_for_known_and_unknown_accounts(alice):
    def refusal(login):
        page = text_of(Client().post("/accounts/login/", {"login": login, "password": "wrong"}))
        return re.search(r'role="alert".*?</div>\s*</div>', page, re.DOTALL).group()

    assert refusal("alice@example.com") == refusal("nobody@example.com")
    assert refusal("alice") == refusal("nobody") == refusal("nobody@example.com")


@pytest.mark.parametrize("path", ["/settings/", "/profile/", "/security/", "/home/steps/"])
def test_the_pages_of_an_account_ask_for_a_sign_in(path):
    assert Client().get(path).url == f"/accounts/login/?next={path}"


def test_signing_out_is_never_a_link(alice):
    alice.get("/accounts/logout/")
    assert "alice" in text_of(alice.get("/"))

    alice.post("/accounts/logout/")
    assert "/accounts/login/" in text_of(alice.get("/"))


# Errors


def test_a_page_that_does_not_exist_says_so_with_its_trace():
    response = Client().get("/nothing/here/")

    assert response.status_code == 404
    assert response["X-Request-Id"] in text_of(response)


def test_a_post_without_its_token_is_explained(alice):
    strict = Client(enforce_csrf_checks=True)

    response = strict.post("/language/", {"language": "en"})

    assert response.status_code == 403
    assert "<h1>" in text_of(response)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_problem_has_its_page_in_both_languages(language):
    client = Client(headers={"Accept-Language": language})

    assert client.get("/problems/").status_code == 200
    assert "not_found" in text_of(client.get("/problems/not_found/"))
    assert client.get("/problems/no-such-code/").status_code == 404


# The console


def test_the_console_does_not_exist_for_others(alice):
    assert alice.get("/admin/login/?next=/admin/").status_code == 404
    assert alice.get("/admin/tiles/health/").status_code == 404
    assert alice.get("/dev/parts/").status_code == 404


def test_the_console_sends_strangers_to_the_one_sign_in():
    response = Client().get("/admin/login/?next=//evil.example/admin/")

    assert response.url == "/accounts/login/?next=%2Fadmin%2F"


def test_a_tile_shows_what_its_app_counts(olga, registered):
    tile = ConsoleTile("jobs", "Jobs", "play", lambda: {"value": 7, "url": "/admin/"})
    registered(console_tiles, "jobs", tile)

    assert "/admin/tiles/jobs/" in text_of(olga.get("/admin/"))
    assert ">7<" in text_of(olga.get("/admin/tiles/jobs/"))


def test_only_the_console_may_evaluate(olga):
    def policy(path):
        return olga.get(path)["Content-Security-Policy"]

    assert "'unsafe-eval'" in policy("/admin/")
    assert "'unsafe-eval'" not in policy("/")
    assert "unsafe-inline" not in policy("/admin/") + policy("/")


def test_the_gallery_shows_every_part(olga):
    assert olga.get("/dev/parts/").status_code == 200
