"""What every operation of the API has in common."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import idempotency, members, tenancy
from accounts.members import Wish
from accounts.models import Membership, Role
from accounts.registry import permissions

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.web.noticeboard")]
JSON = "application/json"


def post(person, path, data, **headers):
    return person.client.post(path, data, content_type=JSON, headers=headers)


def fill(person, names):
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        for name in names:
            Role.objects.create(workspace=person.workspace, key=name, name=name, name_key=name)


def assert_problem(response, status, code):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"/problems/{code}/"
    assert body["trace_id"] == response["X-Request-Id"]
    return body


def test_an_unknown_path_is_a_problem(db):
    assert_problem(Client().get("/api/v1/nothing/"), 404, "not_found")


def test_anonymous_is_told_to_sign_in(db):
    response = Client().get("/api/v1/notes/")

    assert_problem(response, 401, "authentication_required")
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_garbage_token_is_refused(db):
    response = Client().get("/api/v1/notes/", headers={"Authorization": "Bearer x.y.z"})

    assert_problem(response, 401, "token_invalid")


def test_a_lesser_role_is_told_which_permission_is_missing(bob):
    body = assert_problem(post(bob, "/api/v1/notes/", {"name": "a"}), 403, "permission_denied")

    assert body["permission"] == "role.manage"


def test_a_foreign_workspace_does_not_exist(alice, charlie):
    foreign = alice.get("/api/v1/notes/", headers={"X-Workspace-Id": str(charlie.workspace.id)})
    missing = alice.get("/api/v1/notes/", headers={"X-Workspace-Id": "999999999"})

    assert_problem(foreign, 404, "not_found")
    assert foreign.json() | {"trace_id": ""} == missing.json() | {"trace_id": ""}


@pytest.mark.parametrize("value", ["0", "-1", "x", "1 ", "99999999999999999999", "1,2", "１"])
def test_a_malformed_workspace_is_not_found(alice, value):
    response = alice.get("/api/v1/notes/", headers={"X-Workspace-Id": value})

    assert_problem(response, 404, "not_found")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body_unreadable"),
        (b"\xff", 400, "body_unreadable"),
        (b'{"name": NaN}', 400, "body_unreadable"),
        (b'{"name": "\\ud800"}', 400, "body_unreadable"),
        (b'{"name": "a\\u0000"}', 400, "invalid_characters"),
        (b"[" * 70 + b"]" * 70, 400, "body_too_deep"),
        (b"[" + b"1," * 10_000 + b"1]", 400, "body_too_deep"),
        (b'{"name": "' + b"a" * 1024 * 1024 + b'"}', 413, "body_too_large"),
        (b"[]", 400, "validation_error"),
        (b"{}", 400, "validation_error"),
        (b'{"name": "a", "workspace_id": 1}', 400, "unknown_field"),
    ],
)
def test_bad_bodies_are_refused(alice, body, status, code):
    assert_problem(post(alice, "/api/v1/notes/", body), status, code)


def test_every_faulty_field_is_named_at_once(alice):
    body = assert_problem(
        post(alice, "/api/v1/notes/", {"name": "a" * 21, "is_system": True}), 400, "unknown_field"
    )

    assert {error["pointer"] for error in body["errors"]} == {"/name", "/is_system"}


def test_other_media_types_and_encodings_are_refused(alice):
    text = alice.client.post("/api/v1/notes/", "{}", content_type="text/plain")
    packed = post(alice, "/api/v1/notes/", {"name": "a"}, **{"Content-Encoding": "gzip"})
    wanted = alice.get("/api/v1/notes/", headers={"Accept": "text/html"})

    assert_problem(text, 415, "unsupported_media_type")
    assert_problem(packed, 415, "unsupported_media_type")
    assert_problem(wanted, 406, "not_acceptable")


def test_an_unknown_method_is_not_allowed(alice):
    response = alice.client.delete("/api/v1/notes/")

    assert_problem(response, 405, "method_not_allowed")
    assert "DELETE" not in response["Allow"]


def test_a_cookie_without_the_csrf_token_cannot_write(alice):
    client = Client(enforce_csrf_checks=True)
    client.cookies = alice.client.cookies

    response = client.post("/api/v1/notes/", {"name": "a"}, content_type=JSON)

    assert_problem(response, 403, "csrf_failed")


def test_unknown_query_parameters_are_refused(alice):
    assert_problem(alice.get("/api/v1/notes/?page=2"), 400, "unknown_parameter")
    assert_problem(alice.get("/api/v1/notes/?ordering=key"), 400, "validation_error")
    assert_problem(alice.get("/api/v1/notes/?limit=101"), 400, "validation_error")
    assert_problem(alice.get("/api/v1/notes/?cursor=%00"), 400, "invalid_characters")
    assert_problem(alice.get("/api/v1/notes/%00/"), 404, "not_found")


def test_a_crash_tells_only_its_trace_id(db):
    response = Client(raise_request_exception=False).get("/api/v1/crash/")

    assert_problem(response, 500, "internal_error")
    assert b"canary" not in response.content


def test_pages_walk_forth_and_back_over_rows_that_come_meanwhile(alice):
    fill(alice, [f"n{number:02}" for number in range(7)])

    first = alice.get("/api/v1/notes/?limit=3&ordering=-name").json()
    fill(alice, ["n99"])
    second = alice.get(first["next"]).json()
    third = alice.get(second["next"]).json()
    back = alice.get(second["previous"]).json()

    names = [row["name"] for page in (first, second, third) for row in page["results"]]
    assert names == ["n06", "n05", "n04", "n03", "n02", "n01", "n00"]
    assert first["previous"] is None
    assert third["next"] is None
    assert back["results"] == first["results"]
    assert back["previous"] is not None


def test_a_cursor_serves_only_its_own_query(alice):
    fill(alice, ["a", "b"])
    cursor = alice.get("/api/v1/notes/?limit=1").json()["next"].partition("cursor=")[2]

    assert_problem(
        alice.get(f"/api/v1/notes/?ordering=name&cursor={cursor}"), 400, "cursor_invalid"
    )
    assert_problem(alice.get(f"/api/v1/notes/?cursor={cursor}x"), 400, "cursor_invalid")
    assert_problem(alice.get("/api/v1/notes/?cursor=" + "a" * 600), 400, "cursor_invalid")


@pytest.mark.parametrize("rows", [1, 50])
def test_a_list_takes_three_statements(alice, rows, at_most):
    fill(alice, [f"n{number}" for number in range(rows)])
    alice.get("/api/v1/notes/")

    with at_most(3):
        alice.get("/api/v1/notes/?limit=100")


def test_a_known_tag_answers_304(alice):
    fill(alice, ["a"])
    address = f"/api/v1/notes/{alice.get('/api/v1/notes/').json()['results'][0]['id']}/"
    tag = alice.get(address)["ETag"]

    assert alice.get(address, headers={"If-None-Match": f'"x", W/{tag}'}).status_code == 304
    assert alice.get(address, headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_write_must_have_seen_the_current_version(alice):
    fill(alice, ["a"])
    address = f"/api/v1/notes/{alice.get('/api/v1/notes/').json()['results'][0]['id']}/"
    tag = alice.get(address)["ETag"]

    def patch(name, **headers):
        return alice.client.patch(address, {"name": name}, content_type=JSON, headers=headers)

    assert_problem(patch("b"), 428, "version_required")
    assert_problem(patch("b", **{"If-Match": "*"}), 428, "version_required")
    assert_problem(patch("b", **{"If-Match": "unquoted"}), 428, "version_required")
    assert patch("b", **{"If-Match": f"W/{tag}"}).status_code == 200
    stale = patch("c", **{"If-Match": tag})
    assert_problem(stale, 412, "version_stale")
    assert stale["ETag"] == stale.json()["etag"] == alice.get(address)["ETag"]
    assert alice.get(address).json()["name"] == "b"
    assert patch("c", **{"If-Match": f'"x", {stale["ETag"]}'}).status_code == 200


def test_a_304_is_not_given_after_rights_changed(alice, bob):
    fill(alice, ["a"])
    address = f"/api/v1/notes/{alice.get('/api/v1/notes/').json()['results'][0]['id']}/"
    tag = bob.get(address)["ETag"]
    assert bob.get(address, headers={"If-None-Match": tag}).status_code == 304

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        members.change(
            membership=Membership.objects.select_related("workspace", "user").get(user=bob.user),
            held=frozenset(permissions),
            by=alice.user,
            wish=Wish(roles=(Role.objects.get(key="viewer", workspace=None),)),
        )

    assert bob.get(address, headers={"If-None-Match": tag}).status_code == 200


KEY = {"Idempotency-Key": "k-1"}


def test_a_large_reply_is_remembered_by_its_address(alice, monkeypatch):
    monkeypatch.setattr(idempotency, "MAX_BODY_BYTES", 10)

    first = post(alice, "/api/v1/notes/", {"name": "a"}, **KEY)
    again = post(alice, "/api/v1/notes/", {"name": "a"}, **KEY)

    assert first.status_code == 201
    assert (again.status_code, again["Location"]) == (303, "/api/v1/notes/")
    assert again["Idempotent-Replayed"] == "true"
    assert len(alice.get("/api/v1/notes/").json()["results"]) == 1


def test_a_stream_is_remembered_by_its_address(alice):
    first = post(alice, "/api/v1/trickle/", {}, **KEY)
    again = post(alice, "/api/v1/trickle/", {}, **KEY)

    assert b"".join(first.streaming_content) == b"drop"
    assert (again.status_code, again["Location"]) == (303, "/api/v1/notes/")


def test_a_key_guards_changes_and_deletions_too(alice):
    fill(alice, ["a"])
    address = f"/api/v1/notes/{alice.get('/api/v1/notes/').json()['results'][0]['id']}/"
    seen = {"If-Match": alice.get(address)["ETag"], **KEY}

    def patch(name):
        return alice.client.patch(address, {"name": name}, content_type=JSON, headers=seen)

    first, again = patch("b"), patch("b")

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert_problem(patch("c"), 409, "idempotency_mismatch")


def test_a_repeated_key_replays_the_first_reply(alice):
    first = post(alice, "/api/v1/notes/", {"name": "a"}, **KEY)
    again = post(alice, "/api/v1/notes/", {"name": "a"}, **KEY)

    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert again["ETag"] == first["ETag"]
    assert len(alice.get("/api/v1/notes/").json()["results"]) == 1


def test_a_key_with_another_body_is_a_conflict(alice):
    post(alice, "/api/v1/notes/", {"name": "a"}, **KEY)

    response = post(alice, "/api/v1/notes/", {"name": "b"}, **KEY)

    assert_problem(response, 409, "idempotency_mismatch")


def test_a_key_may_be_used_again_after_a_refusal(alice):
    assert post(alice, "/api/v1/notes/", {}, **KEY).status_code == 400
    assert post(alice, "/api/v1/notes/", {"name": "a"}, **KEY).status_code == 201


def test_equal_keys_of_two_people_are_unrelated(alice, charlie):
    assert post(alice, "/api/v1/notes/", {"name": "a"}, **KEY).status_code == 201
    other = post(charlie, "/api/v1/notes/", {"name": "a"}, **KEY)

    assert other.status_code == 201
    assert "Idempotent-Replayed" not in other


@pytest.mark.parametrize("key", ["a b", "é", "k" * 256, ""])
def test_unusable_keys_are_refused(alice, key):
    response = post(alice, "/api/v1/notes/", {"name": "a"}, **{"Idempotency-Key": key})

    assert_problem(response, 400, "idempotency_key_invalid")


def test_a_secret_is_not_replayed(alice):
    assert post(alice, "/api/v1/secrets/", {}, **KEY).json()["key"] == "hush"

    body = assert_problem(post(alice, "/api/v1/secrets/", {}, **KEY), 409, "secret_not_replayable")
    assert body["id"] == "7"


def test_uploads_are_the_same_when_their_files_are(alice):
    def upload(content):
        file = SimpleUploadedFile("a.zip", content)
        return alice.client.post("/api/v1/uploads/", {"file": file}, headers=KEY)

    assert upload(b"one").status_code == 201
    assert upload(b"one")["Idempotent-Replayed"] == "true"
    assert_problem(upload(b"two"), 409, "idempotency_mismatch")
