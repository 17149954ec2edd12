"""Closing an account, coming back within two weeks, and what is left after that; names, pictures, notices."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts import avatars, closing, notices, signup, tenancy
from accounts.models import AddressKey, Membership, Profile, Session, User, Workspace
from tests import factories
from tests.accounts.api.calls import Program, assert_problem, program
from tests.accounts.entrance import is_signed_in, sign_in
from tests.accounts.post import delivered, only_letter
from tests.accounts.trail import recorded

pytestmark = pytest.mark.django_db
TOKEN = "/api/v1/auth/token/"
LATER = timedelta(days=14, seconds=1)


def shared_workspace(owner, guest) -> Workspace:
    with tenancy.user(owner.user.id):
        workspace = signup.create_workspace(name="Together", owner=owner.user)
    factories.join(guest, workspace, role="editor")
    return workspace


def close(person) -> None:
    assert person.post("/account/closing/").url == "/account/closed/"
    delivered()


# Closing


def test_closing_ends_every_way_in_and_says_until_when(alice):
    caller = program(alice)
    assert alice.get("/account/closing/").status_code == 200
    alice.post("/account/closing/")

    assert User.objects.get(pk=alice.user.pk).status == "deactivated"
    assert not is_signed_in(alice.client)
    assert caller.get("/api/v1/me/").status_code == 401
    assert only_letter().to == ["alice@example.com"]
    assert recorded("user.closed")


def test_a_program_closes_the_account_after_a_fresh_sign_in(alice):
    caller = program(alice)
    Session.objects.filter(user=alice.user).update(authenticated_at="2020-01-01T00:00:00Z")
    assert_problem(caller.delete("/api/v1/me/"), 403, "reauth_required")
    caller.post("/api/v1/me/reauthentication/", {"password": factories.PASSWORD})

    response = caller.delete("/api/v1/me/")

    assert response.status_code == 202
    assert response.json()["deletion_due_at"]
    assert caller.get("/api/v1/me/").status_code == 401


def test_who_owns_a_shared_workspace_hands_it_over_first(alice, charlie):
    workspace = shared_workspace(alice, charlie)

    page = alice.post("/account/closing/")
    body = assert_problem(program(alice).delete("/api/v1/me/"), 409, "owns_shared_workspace")

    assert "Together" in page.content.decode()
    assert body["workspaces"] == [{"id": workspace.id, "name": "Together"}]
    assert is_signed_in(alice.client)


def test_a_guest_may_close_the_account(alice, charlie):
    shared_workspace(alice, charlie)

    close(charlie)


# Coming back


def test_the_right_password_opens_it_again(alice):
    close(alice)

    client, response = sign_in("alice")
    assert response.url == "/accounts/reactivation/"
    assert not is_signed_in(client)
    client.get(response.url)
    assert User.objects.get(pk=alice.user.pk).status == "deactivated", "a GET changes nothing"
    client.post(response.url)

    sign_in("alice", client=client)
    assert is_signed_in(client)
    assert "alice" in only_letter().body


def test_a_wrong_password_learns_nothing_of_it(alice):
    close(alice)

    _client, response = sign_in("alice", "wrong password")

    assert response.status_code == 200
    assert Client().get("/accounts/reactivation/").url == "/accounts/login/"


def test_a_program_asks_for_it_openly(alice):
    close(alice)
    body = {"login": "alice", "password": factories.PASSWORD}

    assert_problem(Program().post(TOKEN, body), 401, "account_closed")
    assert Program().post(TOKEN, {**body, "reactivate": True}).status_code == 200
    assert User.objects.get(pk=alice.user.pk).status == "active"


def test_after_two_weeks_it_is_too_late(alice):
    close(alice)
    User.objects.update(deletion_due_at=timezone.now())
    client, _response = sign_in("alice")

    client.post("/accounts/reactivation/")

    assert User.objects.get(pk=alice.user.pk).status == "deactivated"


def test_a_suspended_account_is_not_opened_by_its_person(alice, olga):
    User.objects.filter(pk=alice.user.pk).update(status="suspended", is_active=False)

    _client, response = sign_in("alice")

    assert response.status_code == 200


# What is left


def test_nothing_of_the_person_is_left_and_the_row_stays(alice):
    close(alice)
    assert closing.purge(now=timezone.now()) == 0

    assert closing.purge(now=timezone.now() + LATER) == 1

    row = User.objects.get(pk=alice.user.pk)
    assert row.status == "deleted"
    assert "alice" not in f"{row.email} {row.email_key} {row.username} {row.username_key}"
    assert not AddressKey.objects.filter(user=alice.user).exists()
    assert not Session.objects.filter(user=alice.user).exists()
    assert Profile.objects.get(user=alice.user).display_name == ""
    with tenancy.platform_scope(reason="tests: look at the workspace"):
        assert Workspace.objects.get(pk=alice.workspace.pk).status == "deleting"
    assert closing.purge(now=timezone.now() + LATER) == 0
    assert Program().post(TOKEN, {"login": "alice", "password": "x" * 10}).status_code == 401


def test_the_name_and_address_can_be_used_again(alice):
    close(alice)
    closing.purge(now=timezone.now() + LATER)

    assert signup.open_account(email="alice@example.com", username="alice", password=None)


def test_an_account_that_never_confirmed_is_deleted_after_a_week(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    user = signup.open_account(email="gone@example.com", username="gone", password=None)
    now = timezone.now()

    assert closing.purge(now=now + timedelta(days=6, hours=23)) == 0
    assert closing.purge(now=now + timedelta(days=7, seconds=1)) == 1
    assert not User.objects.filter(pk=user.pk).exists()
    with tenancy.platform_scope(reason="tests: look for leftovers"):
        assert not Membership.objects.filter(user_id=user.pk).exists()


# Names


def test_a_user_name_is_changed_and_signs_in(alice):
    alice.post("/profile/name/", {"username": "阿丽"})

    assert User.objects.get(pk=alice.user.pk).username == "阿丽"
    client, _response = sign_in("阿丽")
    assert is_signed_in(client)
    assert recorded("user.renamed")[0].payload["changed"] == ["username"]


@pytest.mark.parametrize("name", ["CHARLIE", "admin", "x", "a b", "Аlice", ""])
def test_a_bad_or_taken_name_is_refused(alice, charlie, name):
    alice.post("/profile/name/", {"username": name})

    assert User.objects.get(pk=alice.user.pk).username == "alice"


def test_a_program_changes_the_name(alice, charlie):
    caller = program(alice)

    assert caller.patch("/api/v1/me/", {"username": "alicia"}).json()["username"] == "alicia"
    assert_problem(caller.patch("/api/v1/me/", {"username": "Charlie"}), 409, "name_taken")
    assert caller.patch("/api/v1/me/", {"username": "root"}).status_code == 400


def test_the_case_of_ones_own_name_can_be_changed(alice):
    alice.post("/profile/name/", {"username": "ALICE"})

    assert User.objects.get(pk=alice.user.pk).username == "ALICE"


# Pictures


@pytest.fixture
def _storage(settings, tmp_path):
    (tmp_path / "tmp").mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "tmp"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
    }


def drawn(width=600, height=300, kind="JPEG", **options) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind, **options)
    return file.getvalue()


def upload(person, content):
    sent = SimpleUploadedFile("me.jpg", content, "image/jpeg")
    return person.post("/profile/picture/", {"picture": sent})


def address(person) -> str:
    return Profile.objects.get(user=person.user).avatar_url


@pytest.mark.usefixtures("_storage")
def test_a_picture_is_cropped_redrawn_and_shown(alice):
    upload(alice, drawn())

    response = alice.get(address(alice))
    picture = Image.open(io.BytesIO(response.content))
    assert (picture.size, picture.format) == ((256, 256), "PNG")
    assert response["Content-Type"] == "image/png"
    assert address(alice) in alice.get("/profile/").content.decode()


@pytest.mark.usefixtures("_storage")
def test_what_a_camera_wrote_is_gone(alice):
    exif = Image.Exif()
    exif[0x010E] = "canary: taken at home"
    content = drawn(exif=exif)
    assert b"canary" in content

    assert b"canary" not in avatars.square(content)


@pytest.mark.usefixtures("_storage")
def test_colleagues_see_a_picture_and_strangers_do_not(alice, bob, charlie):
    upload(alice, drawn())

    assert bob.get(address(alice)).status_code == 200
    assert charlie.get(address(alice)).status_code == 404
    assert Client().get(address(alice)).status_code == 302


@pytest.mark.usefixtures("_storage")
def test_an_old_picture_is_gone_when_a_new_one_comes(alice):
    upload(alice, drawn())
    first = address(alice)
    upload(alice, drawn(kind="PNG"))

    assert alice.get(first).status_code == 404
    assert alice.get(address(alice)).status_code == 200


@pytest.mark.usefixtures("_storage")
def test_a_program_sets_and_removes_the_picture(alice):
    caller = program(alice)
    sent = SimpleUploadedFile("me.png", drawn(kind="PNG"), "image/png")

    made = caller.client.post("/api/v1/me/picture/", {"picture": sent}, headers=caller.headers)

    assert made.status_code == 201, made.content
    assert made.json()["avatar_url"] == address(alice)
    assert caller.delete("/api/v1/me/picture/").status_code == 204
    assert address(alice) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        drawn()[:200],
        b"<svg onload=alert(1)>",
        b"\x89PNG\r\n\x1a\n" + b"x" * 99,
    ],
)
def test_what_is_no_picture_is_refused(alice, content):
    assert upload(alice, content).status_code == 302
    assert address(alice) == ""


def test_a_small_file_that_claims_to_be_huge_is_refused():
    header = drawn(1, 1, "PNG")
    huge = header[:16] + (60_000).to_bytes(4, "big") * 2 + header[24:]

    with pytest.raises(avatars.PictureUnreadable):
        avatars.square(huge)


def test_nonsense_in_a_pictures_address_is_not_found(alice):
    assert alice.get("/avatars/x/y/").status_code == 404
    assert alice.get(f"/avatars/{alice.user.pk}/{alice.user.pk}/").status_code == 404


# Notices


def test_notices_are_chosen_on_the_settings_page(alice):
    alice.post("/notices/", {"api_keys.app": "on"})

    page = alice.get("/settings/").content.decode()
    assert 'name="api_keys.app"' in page
    wishes = {one.type.key: (one.by_mail, one.in_app) for one in notices.wishes(alice.user)}
    assert wishes["api_keys"] == (False, True)
    assert wishes["workspaces"] == (False, False)
    assert recorded("user.notices_changed")
