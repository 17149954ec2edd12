"""`configs/`: values with their source, changed only by who saw what stands."""

import pytest

from accounts import tenancy
from laojun.models import AuditLog
from tests import factories

pytestmark = pytest.mark.django_db
SIZE = "/api/v1/configs/storage.max_file_size/"


def put(person, value, seen, path=SIZE):
    headers = {"If-Match": seen} if seen else {}
    return person.client.put(
        path, {"value": value}, content_type="application/json", headers=headers
    )


def patch(person, body, scope=""):
    return person.client.patch(f"/api/v1/configs/{scope}", body, content_type="application/json")


def test_a_setting_tells_its_value_source_and_bounds(alice):
    shown = alice.get(SIZE).json()

    assert (shown["value"], shown["source"], shown["default"]) == (10485760, "default", 10485760)
    assert (shown["low"], shown["high"]) == (1024, 5 * 1024**3)


def test_a_change_needs_what_was_seen(alice):
    assert put(alice, 5000, None).status_code == 428
    tag = alice.get(SIZE)["ETag"]

    changed = put(alice, 5000, tag)
    stale = put(alice, 6000, tag)

    assert (changed.status_code, changed.json()["source"]) == (200, "workspace")
    assert (stale.status_code, stale.json()["value"]) == (412, 5000)
    assert put(alice, 6000, stale["ETag"]).status_code == 200


def test_a_tag_of_another_setting_does_not_fit(alice):
    tag = alice.get("/api/v1/configs/storage.user_quota_bytes/")["ETag"]

    assert put(alice, 5000, tag).status_code == 412


def test_a_reader_who_has_it_gets_304(alice):
    tag = alice.get(SIZE)["ETag"]
    assert alice.get(SIZE, headers={"If-None-Match": tag}).status_code == 304

    put(alice, 5000, tag)

    assert alice.get(SIZE, headers={"If-None-Match": tag}).status_code == 200


def test_a_reset_goes_back_to_what_is_inherited(alice):
    changed = put(alice, 5000, alice.get(SIZE)["ETag"])

    reset = alice.client.delete(SIZE, headers={"If-Match": changed["ETag"]})

    assert (reset.status_code, reset.json()["source"]) == (200, "default")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("5000", "validation_error"),
        (None, "validation_error"),
        (1, "out_of_bounds"),
        (10**18, "out_of_bounds"),
        (10**30, "validation_error"),
        ({"a": 1}, "validation_error"),
    ],
)
def test_a_value_that_does_not_fit_names_its_field(alice, value, code):
    refused = put(alice, value, alice.get(SIZE)["ETag"])

    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert refused.json()["errors"][0]["pointer"] == "storage.max_file_size"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/configs/no.such/", "unknown_key"),
        ("/api/v1/configs/auth.jwt_expires_in/", "scope_not_allowed"),
        ("/api/v1/configs/storage.max_file_size/?scope=else", "validation_error"),
    ],
)
def test_a_setting_that_is_not_here_is_said_so(alice, path, code):
    refused = put(alice, 600, '"x_0-0.1"', path)

    assert (refused.status_code, refused.json()["code"]) == (400, code)


def test_several_changes_or_none(alice):
    body = {
        "changes": [
            {"key": "storage.max_file_size", "value": 4000},
            {"key": "ui.default_language", "value": "fr"},
        ],
        "conflict": "last_write_wins",
    }
    assert patch(alice, body).status_code == 400
    assert alice.get(SIZE).json()["source"] == "default"

    body["changes"][1]["value"] = "en"
    assert patch(alice, body).status_code == 200
    assert alice.get(SIZE).json()["value"] == 4000


def test_queued_changes_say_which_rule_they_follow(alice):
    change = {"key": "storage.max_file_size", "value": 4000}
    assert patch(alice, {"changes": [change]}).status_code == 428

    seen = alice.get(SIZE).json()["row_version"]
    assert patch(alice, {"changes": [{**change, "row_version": seen}]}).status_code == 200
    assert patch(alice, {"changes": [{**change, "row_version": seen}]}).status_code == 412


def test_the_clients_clock_is_kept_and_decides_nothing(alice):
    change = {
        "key": "storage.max_file_size",
        "value": 4000,
        "client_changed_at": "2001-01-01T00:00:00Z",
    }
    patch(alice, {"changes": [change], "conflict": "last_write_wins"})

    with tenancy.workspace(alice.workspace.id):
        row = AuditLog.objects.get(action="config.set")
        assert "2001-01-01" in str(row.payload["details"])


def test_history_and_the_way_back(alice):
    first = put(alice, 4000, alice.get(SIZE)["ETag"])
    put(alice, 5000, first["ETag"])
    newest = alice.get(f"{SIZE}history/").json()["results"][0]
    assert (newest["before"], newest["after"]) == ({"value": 4000}, {"value": 5000})
    assert newest["actor_name"] == "alice"

    back = alice.client.post(
        f"{SIZE}rollback/", {"audit_id": newest["id"]}, content_type="application/json"
    )

    assert (back.status_code, back.json()["value"]) == (200, 4000)


def test_a_rollback_of_something_else_is_refused(alice):
    refused = alice.client.post(
        f"{SIZE}rollback/", {"audit_id": 999_999_999}, content_type="application/json"
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "not_restorable")


def test_only_operators_touch_the_platform(alice, olga):
    scope = "?scope=global"
    assert alice.get(f"{SIZE}{scope}").status_code == 403
    tag = olga.get(f"{SIZE}{scope}")["ETag"]

    assert put(olga, 7000, tag, f"{SIZE}{scope}").status_code == 200

    assert alice.get(SIZE).json()["value"] == 7000
    assert alice.get(SIZE).json()["source"] == "global"
    history = olga.get(f"{SIZE}history/{scope}").json()["results"]
    assert history[0]["after"] == {"value": 7000}


def test_a_secret_is_a_mask_everywhere(olga):
    canary = "planted-mail-password-4711"
    path = "/api/v1/configs/email.password/?scope=global"
    changed = put(olga, canary, olga.get(path)["ETag"], path)
    assert (changed.json()["value"], changed.json()["is_set"]) == ("***", True)

    shown = [
        olga.get(address).content.decode()
        for address in (
            path,
            "/api/v1/configs/?scope=global",
            "/api/v1/configs/email.password/history/?scope=global",
        )
    ]

    assert not [text for text in shown if canary in text]
    assert "***" in shown[0]


def test_a_reader_may_not_write_and_a_viewer_not_read(alice, bob):
    viewer = factories.colleague("viewer", of=alice, role="viewer")

    assert viewer.get("/api/v1/configs/").status_code == 403
    assert put(bob, 5000, '"x_0-0.1"').status_code == 403


def test_a_refused_write_leaves_a_row_though_everything_was_taken_back(alice, bob):
    put(bob, 5000, '"x_0-0.1"')

    with tenancy.workspace(alice.workspace.id):
        row = AuditLog.objects.get(action="access.denied")
        assert (row.result, row.actor_id, row.resource_id) == ("denied", bob.user.id, SIZE)


def test_another_workspace_has_its_own(alice, charlie):
    put(alice, 5000, alice.get(SIZE)["ETag"])

    assert charlie.get(SIZE).json()["source"] == "default"
    assert charlie.get(f"{SIZE}history/").json()["results"] == []


def test_a_list_costs_three_statements(alice, at_most):
    with at_most(3):
        found = alice.get("/api/v1/configs/?prefix=storage.").json()["results"]
    assert {entry["group"] for entry in found} == {"storage"}
