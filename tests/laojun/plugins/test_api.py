"""The catalogue and plugins in use, as programs see them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.accounts.api.calls import assert_problem
from tests.laojun.plugins import making
from tests.laojun.plugins.making import HOST, Author, catalogued, signed

pytestmark = pytest.mark.django_db
INSTANCES = "/api/v1/plugin-instances/"
JSON = {"content_type": "application/json"}
SECRET = "whsec_dGVzdHRlc3R0ZXN0"
ASKED = ["event:task", HOST]


@pytest.fixture
def acme():
    author = Author()
    author.trusted()
    return author


@pytest.fixture
def version(olga, acme):
    return catalogued(olga, signed(acme))


def upload(person, data, path="/api/v1/plugins/", **fields):
    package = SimpleUploadedFile("p.zip", data, content_type="application/zip")
    return person.post(path, {"package": package, **fields})


def begin(person, of, **more):
    body = {
        "plugin": of.plugin_id,
        "config": {"signing_secret": SECRET},
        "permissions": ASKED,
        "enabled": True,
        **more,
    }
    return person.client.post(INSTANCES, body, **JSON)


def one(response):
    return f"{INSTANCES}{response.json()['id']}/"


def patch(person, path, body, tag):
    return person.client.patch(path, body, headers={"If-Match": tag} if tag else {}, **JSON)


def post(person, path, body, tag):
    return person.client.post(path, body, headers={"If-Match": tag} if tag else {}, **JSON)


def test_a_workspace_brings_its_own_plugin_in(alice, acme):
    data = signed(acme)

    made, again = upload(alice, data), upload(alice, data)

    assert (made.status_code, again.status_code) == (201, 200)
    assert (made.json()["signature_status"], made.json()["id"]) == ("signed", again.json()["id"])
    listed = alice.get("/api/v1/plugins/?kind=http").json()["results"]
    assert [(card["slug"], card["is_private"], card["newest"]["version"]) for card in listed] == [
        ("courier", True, "1.0.0")
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "validation_error"), (b"PK\x03\x04", "package_unsafe"), (b"x" * 1000, "package_unsafe")],
)
def test_what_is_no_package_is_refused(alice, data, code):
    assert upload(alice, data).json()["code"] == code


def test_an_unsigned_package_is_refused_with_its_finding(alice):
    refused = upload(alice, making.packed(making.manifest()))

    body = assert_problem(refused, 422, "unsigned_refused")
    assert body["findings"] == [{"status": "unsigned", "code": "unsigned", "detail": ""}]
    rows = alice.get("/api/v1/plugin-audits/?action=plugin.refused").json()["results"]
    assert [(row["result"], row["slug"]) for row in rows] == [("denied", "courier")]
    logged = alice.get(f"/api/v1/audit-logs/{rows[0]['audit_id']}/").json()
    assert (logged["action"], logged["result"]) == ("plugin.refused", "denied")


def test_the_catalogue_is_for_operators(alice, olga, acme):
    assert_problem(upload(alice, signed(acme), scope="catalogue"), 403, "permission_denied")
    olga.user.is_superuser = True
    olga.user.save()

    made = upload(olga, signed(acme), scope="catalogue")

    assert made.status_code == 201
    path = f"/api/v1/plugins/{made.json()['plugin_id']}/"
    assert alice.get(path).status_code == 404  # a draft


def test_a_plugin_is_begun_agreed_to_and_switched_on(alice, version):
    made = begin(alice, version)

    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["health"], body["config"], body["permissions"]) == (
        "ok",
        {"signing_secret": "***"},
        sorted(ASKED),
    )
    card = alice.get(f"/api/v1/plugins/{version.plugin_id}/").json()
    assert (card["instance"]["enabled"], card["newest"]["permissions"][0]["risk"]) == (True, "high")


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"permissions": ["event:task"]}, 409, "consent_mismatch"),
        ({"permissions": []}, 409, "consent_mismatch"),
        ({"config": {"limit": 99, "signing_secret": SECRET}}, 400, "validation_error"),
        ({"config": "text"}, 400, "validation_error"),
        ({"config": {"signing_secret": 3}}, 400, "validation_error"),
        ({"version": "9.9.9"}, 400, "validation_error"),
        ({"plugin": 10**15}, 400, "validation_error"),
        ({"plugin": 2**63}, 400, "validation_error"),
        ({"priority": -1}, 400, "validation_error"),
        ({"more": 1}, 400, "unknown_field"),
    ],
)
def test_bad_wishes_are_named(alice, version, more, status, code):
    assert_problem(begin(alice, version, **more), status, code)

    assert alice.get(INSTANCES).json()["results"] == []


def test_a_second_one_of_the_same_plugin_is_refused(alice, version):
    begin(alice, version)

    assert_problem(begin(alice, version), 409, "already_installed")


def test_a_change_needs_what_was_seen(alice, version):
    made = begin(alice, version)
    path, tag = one(made), made["ETag"]

    assert_problem(patch(alice, path, {"priority": 5}, None), 428, "version_required")
    changed = patch(alice, path, {"priority": 5}, tag)
    assert changed.status_code == 200
    assert_problem(patch(alice, path, {"priority": 6}, tag), 412, "version_stale")
    assert alice.get(path, headers={"If-None-Match": changed["ETag"]}).status_code == 304


def test_of_two_people_upgrading_the_second_is_told(alice, bob, olga, acme, version):
    made = begin(alice, version)
    catalogued(olga, signed(acme, version="1.1.0"))
    path, tag = f"{one(made)}upgrade/", made["ETag"]

    first = post(alice, path, {"version": "1.1.0"}, tag)
    second = post(alice, path, {"version": "1.1.0"}, tag)

    assert first.status_code == 200, first.content
    assert_problem(second, 412, "version_stale")


def test_an_upgrade_is_planned_asked_for_and_undone(alice, olga, acme, version):
    made = begin(alice, version)
    catalogued(olga, signed(acme, version="1.1.0", permissions=[*ASKED, "data:sql.rows"]))
    path = one(made)

    plan = post(alice, f"{path}upgrade/", {"version": "1.1.0", "dry_run": True}, None).json()
    asked = post(alice, f"{path}upgrade/", {"version": "1.1.0"}, made["ETag"])
    done = post(
        alice,
        f"{path}upgrade/",
        {"version": "1.1.0", "permissions": ["data:sql.rows"]},
        made["ETag"],
    )
    back = post(alice, f"{path}rollback/", {}, done["ETag"])
    none = post(alice, f"{path}rollback/", {}, back["ETag"])

    assert plan["permissions_added"] == ["data:sql.rows"]
    assert assert_problem(asked, 409, "consent_required")["permissions"] == ["data:sql.rows"]
    assert (done.json()["version"], done.json()["previous_version"]) == ("1.1.0", "1.0.0")
    assert (back.json()["version"], back.json()["permissions"]) == ("1.0.0", sorted(ASKED))
    assert_problem(none, 409, "nothing_to_roll_back")


def test_taking_away_wants_it_off_first(alice, version):
    made = begin(alice, version)
    path = one(made)

    assert_problem(alice.client.delete(path, headers={"If-Match": made["ETag"]}), 409, "in_use")
    off = patch(alice, path, {"enabled": False}, made["ETag"])
    gone = alice.client.delete(path, headers={"If-Match": off["ETag"]})

    assert (gone.status_code, alice.get(path).status_code) == (204, 404)


def test_a_private_plugin_is_blocked_by_its_workspace(alice, acme):
    plugin_id = upload(alice, signed(acme)).json()["plugin_id"]
    path = f"/api/v1/plugins/{plugin_id}/"
    tag = alice.get(path)["ETag"]

    assert_problem(patch(alice, path, {"status": "blocked"}, tag), 400, "validation_error")
    blocked = patch(alice, path, {"status": "blocked", "reason": "leaks"}, tag)

    assert (blocked.status_code, blocked.json()["status"]) == (200, "blocked")
    assert_problem(
        patch(alice, path, {"status": "active"}, blocked["ETag"]), 409, "illegal_transition"
    )


def test_nobody_but_operators_touches_the_catalogue(alice, version):
    path = f"/api/v1/plugins/{version.plugin_id}/"
    tag = alice.get(path)["ETag"]

    assert patch(alice, path, {"status": "blocked", "reason": "x"}, tag).status_code == 403
    assert (
        patch(alice, f"{path}versions/1.0.0/", {"yanked": True, "reason": "x"}, tag).status_code
        == 403
    )
    assert alice.client.post(f"{path}versions/1.0.0/verification/").status_code == 403


def test_a_colleague_without_the_right_sees_and_changes_nothing_more(alice, bob, version):
    made = begin(alice, version)

    assert bob.get(one(made)).status_code in {200, 403}
    assert patch(bob, one(made), {"enabled": False}, made["ETag"]).status_code == 403
    assert begin(bob, version).status_code == 403


def test_a_stranger_gets_404(alice, charlie, version):
    made = begin(alice, version)
    path = one(made)

    for method, where in (
        ("get", path),
        ("patch", path),
        ("delete", path),
        ("post", f"{path}consents/"),
        ("post", f"{path}upgrade/"),
        ("post", f"{path}rollback/"),
    ):
        body = {"version": "1.0.0"} if where.endswith("upgrade/") else {"permissions": []}
        call = getattr(charlie.client, method)
        response = call(where, body, headers={"If-Match": made["ETag"]}, **JSON)
        assert response.status_code == 404, where


def test_lists_cost_the_same_for_one_and_for_many(alice, olga, acme, django_assert_max_num_queries):
    for number in range(6):
        version = catalogued(olga, signed(acme, slug=f"plugin-{number}"))
        begin(alice, version)
    alice.get(INSTANCES)

    for path in ("/api/v1/plugins/", INSTANCES):
        with django_assert_max_num_queries(9):
            found = alice.get(path).json()["results"]
        assert sum("plugin-" in str(one) for one in found) == 6
