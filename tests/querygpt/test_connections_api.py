"""Connections over HTTP: made, judged, changed, tried, hidden from strangers."""

import pytest

from accounts import secrets as ring
from accounts import tenancy
from laojun import addresses, destinations
from querygpt.connections import checking, secrets
from querygpt.models import Connection

PATH = "/api/v1/connections/"
PUBLIC = "93.184.216.34"
GOOD = {
    "name": "shop",
    "driver": "postgresql",
    "host": "db.example.com",
    "port": 5432,
    "username": "reader",
    "password": "canary-password-1",
    "database_name": "shop",
}


@pytest.fixture(autouse=True)
def names(monkeypatch):
    """A name service of our own: everything is public, but for what a test says."""
    known: dict[str, list[str]] = {}

    def lookup(name, port):
        return known.get(name, [PUBLIC])

    monkeypatch.setattr(checking.check, "__kwdefaults__", {"resolver": lookup})
    return known


def send(person, method, path=PATH, data=None, **headers):
    call = getattr(person.client, method)
    given = {"X-Workspace-Id": str(person.workspace.id), **headers}
    return call(path, data, content_type="application/json", headers=given)


def made(person, **changes):
    response = send(person, "post", data={**GOOD, **changes})
    assert response.status_code == 201, response.content
    return response


def test_a_connection_is_made_and_never_shows_its_password(alice):
    response = made(alice)

    body = response.json()
    assert (body["name"], body["has_password"], body["is_default"]) == ("shop", True, True)
    assert "canary-password-1" not in response.content.decode()
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        row = Connection.objects.get()
        assert secrets.opened(row) == "canary-password-1"
        assert "canary" not in row.password_encrypted


def test_a_second_default_takes_the_place_of_the_first(alice):
    first = made(alice).json()
    second = made(alice, name="other", is_default=True).json()

    defaults = {row["id"] for row in send(alice, "get").json()["results"] if row["is_default"]}

    assert defaults == {second["id"]} != {first["id"]}


def test_two_connections_of_one_name_are_refused(alice):
    made(alice)

    response = send(alice, "post", data=GOOD)

    assert (response.status_code, response.json()["code"]) == (409, "connection_name_taken")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"host": ""}, 422, "blocked_address"),
        ({"host": "/var/run/postgresql"}, 422, "blocked_address"),
        ({"host": "@abstract"}, 422, "blocked_address"),
        ({"host": "a.example.com,b.example.com"}, 422, "blocked_address"),
        ({"host": "user@db.example.com"}, 422, "blocked_address"),
        ({"host": "db.example.com host=evil"}, 422, "blocked_address"),
        ({"host": "127.0.0.1"}, 422, "blocked_address"),
        ({"host": "0x7f000001"}, 422, "blocked_address"),
        ({"host": "2130706433"}, 422, "blocked_address"),
        ({"host": "[::1]"}, 422, "blocked_address"),
        ({"host": "::ffff:127.0.0.1"}, 422, "blocked_address"),
        ({"host": "169.254.169.254"}, 422, "blocked_address"),
        ({"host": "10.0.0.1"}, 422, "blocked_address"),
        ({"host": "inside.example.com"}, 422, "blocked_address"),
        ({"port": 22}, 422, "blocked_address"),
        ({"port": 0}, 400, "validation_error"),
        ({"database_name": "shop host=127.0.0.1"}, 400, "connection_invalid"),
        ({"database_name": "postgresql://evil/x"}, 400, "connection_invalid"),
        ({"database_name": ""}, 400, "connection_invalid"),
        ({"username": ""}, 400, "connection_invalid"),
        ({"extra_options": {"options": "-c x"}}, 400, "option_not_allowed"),
        ({"extra_options": {"hostaddr": "127.0.0.1"}}, 400, "option_not_allowed"),
        ({"extra_options": {"service": "x"}}, 400, "option_not_allowed"),
        ({"extra_options": {"passfile": "/etc/passwd"}}, 400, "option_not_allowed"),
        ({"extra_options": {"sslkey": "/etc/x"}}, 400, "option_not_allowed"),
        ({"extra_options": {"sslrootcert_file": "/etc/x"}}, 400, "option_not_allowed"),
        ({"extra_options": {"schemas": ["a\"b"]}}, 400, "option_not_allowed"),
        ({"extra_options": {"schemas": ["a"] * 21}}, 400, "option_not_allowed"),
        ({"tls_mode": "off"}, 422, "tls_required"),
        ({"driver": "oracle"}, 400, "validation_error"),
        ({"driver": "mysql", "extra_options": {"unix_socket": "/x"}}, 400, "option_not_allowed"),
        ({"driver": "mysql", "extra_options": {"init_command": "x"}}, 400, "option_not_allowed"),
        ({"driver": "mysql", "extra_options": {"local_infile": True}}, 400, "option_not_allowed"),
        ({"driver": "mysql", "extra_options": {"read_default_file": "x"}}, 400, "option_not_allowed"),
        ({"driver": "mysql", "extra_options": {"charset": "gbk"}}, 400, "option_not_allowed"),
        ({"driver": "mysql", "extra_options": {"client_flag": 65536}}, 400, "option_not_allowed"),
        ({"driver": "mysql", "extra_options": {"auth_plugin_map": {}}}, 400, "option_not_allowed"),
        ({"driver": "mysql", "host": "localhost"}, 422, "blocked_address"),
    ],
)  # fmt: skip
def test_hostile_connections_are_refused_at_save(alice, names, change, status, code):
    names["inside.example.com"] = ["93.184.216.34", "10.0.0.7"]
    names["localhost"] = ["127.0.0.1"]

    response = send(alice, "post", data={**GOOD, **change})

    assert (response.status_code, response.json()["code"]) == (status, code), response.content
    assert send(alice, "get").json()["results"] == []


FILES = [
    "", "/etc/passwd", "../secret", "a/../b", "file:x", ":memory:", "file::memory:?cache=shared", "x%00y",
    "C:\\x", "a?mode=rw", "a#b", "var/querygpt/x", "..", "memory", "/proc/self/environ", "a\\b", "%2e%2e", " shop",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_paths_are_no_database_names(alice, name):
    given = {"name": "file", "driver": "sqlite", "database_name": name}

    response = send(alice, "post", data=given)

    assert (response.status_code, response.json()["code"]) == (400, "sqlite_path_forbidden")


@pytest.mark.parametrize(
    "change",
    [{"host": "db2.example.com"}, {"port": 5433}, {"username": "other"}, {"database_name": "other"}],
)  # fmt: skip
def test_what_leads_elsewhere_clears_the_password(alice, change):
    first = made(alice)

    path = f"{PATH}{first.json()['id']}/"
    response = send(alice, "patch", path, change, **{"If-Match": first["ETag"]})

    assert response.status_code == 200, response.content
    assert response.json()["has_password"] is False


def test_weaker_encryption_clears_the_password_and_a_new_name_does_not(alice):
    first = made(alice, tls_mode="verify")
    path = f"{PATH}{first.json()['id']}/"

    renamed = send(alice, "patch", path, {"name": "x"}, **{"If-Match": first["ETag"]})
    weaker = send(alice, "patch", path, {"tls_mode": "require"}, **{"If-Match": renamed["ETag"]})

    assert renamed.json()["has_password"] is True
    assert weaker.json()["has_password"] is False


def test_a_change_must_have_seen_the_current_state(alice):
    first = made(alice)
    path = f"{PATH}{first.json()['id']}/"

    assert send(alice, "patch", path, {"name": "x"}).status_code == 428
    assert (
        send(alice, "patch", path, {"name": "x"}, **{"If-Match": first["ETag"]}).status_code == 200
    )
    assert (
        send(alice, "patch", path, {"name": "y"}, **{"If-Match": first["ETag"]}).status_code == 412
    )


def test_a_stranger_and_a_colleague_see_nothing_of_a_private_connection(alice, bob, charlie):
    path = f"{PATH}{made(alice).json()['id']}/"

    for person in (bob, charlie):
        assert send(person, "get", path).status_code == 404
        assert send(person, "delete", path).status_code == 404
        assert send(person, "post", f"{path}test/").status_code == 404
        assert send(person, "post", f"{path}verdicts/", {"sql": "SELECT 1"}).status_code == 404


def test_a_colleague_asks_a_shared_connection_and_does_not_change_it(alice, bob):
    first = made(alice, visibility="workspace")
    path = f"{PATH}{first.json()['id']}/"

    assert send(bob, "get", path).status_code == 200
    refused = send(bob, "patch", path, {"name": "x"}, **{"If-Match": first["ETag"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


def test_a_deleted_connection_keeps_no_secret(alice):
    path = f"{PATH}{made(alice).json()['id']}/"

    assert send(alice, "delete", path).status_code == 204

    assert send(alice, "get", path).status_code == 404
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        row = Connection.objects.get()
        assert (row.password_encrypted, row.deleted_at is not None) == ("", True)
    made(alice)


def test_a_sealed_password_opens_in_its_own_row_alone(alice):
    one, other = made(alice).json()["id"], made(alice, name="b").json()["id"]
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        rows = {str(row.pk): row for row in Connection.objects.all()}
        rows[other].password_encrypted = rows[one].password_encrypted
        with pytest.raises(ring.SecretUnreadable):
            secrets.opened(rows[other])


def test_the_rules_of_public_addresses_are_the_platforms():
    assert checking.resolve is destinations.resolve
    assert addresses.refusal is not None
