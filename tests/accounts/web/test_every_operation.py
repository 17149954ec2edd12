"""What holds for every operation of the committed schema, whichever app it belongs to."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.test import Client

from accounts import limits
from tests.accounts.api.calls import Program, assert_problem, sign_in

SCHEMA = yaml.safe_load((Path(settings.BASE_DIR) / "docs" / "openapi.yaml").read_text())
OPERATIONS = [
    pytest.param(method, path, operation, id=operation["operationId"])
    for path, methods in SCHEMA["paths"].items()
    for method, operation in methods.items()
]
CLOSED = [entry for entry in OPERATIONS if entry.values[2].get("security")]
SCOPED = [entry for entry in CLOSED if "x-permission" in entry.values[2]]
UUID = "018f0000-0000-7000-8000-000000000000"
pytestmark = pytest.mark.django_db


def address(path, operation):
    """The path with ids that nobody has."""
    kinds = {
        entry["name"]: entry["schema"].get("format") or entry["schema"]["type"]
        for entry in operation.get("parameters", [])
        if entry["in"] == "path"
    }
    return re.sub(
        r"\{(\w+)\}", lambda found: UUID if kinds[found[1]] == "uuid" else "999999999", path
    )


def send(client, method, path, **headers):
    options = {} if method == "get" else {"data": {}, "content_type": "application/json"}
    return getattr(client, method)(path, headers=headers, **options)


def test_only_signing_in_is_open_to_anybody():
    closed = {entry.id for entry in CLOSED}

    assert {entry.id for entry in OPERATIONS} - closed == {
        "auth_token_create",
        "auth_token_refresh_create",
        "auth_token_revoke_create",
    }


@pytest.mark.parametrize(("method", "path", "operation"), CLOSED)
def test_anonymous_gets_401(method, path, operation):
    response = send(Client(), method, address(path, operation))

    assert_problem(response, 401, "authentication_required")


def test_a_program_without_a_workspace_gets_400_or_404_everywhere(alice):
    credential = {"Authorization": f"Bearer {sign_in(alice)['access']}"}

    for entry in SCOPED:
        method, path, operation = entry.values
        response = send(Client(), method, address(path, operation), **credential)
        code = "not_found" if "/workspaces/{" in path else "workspace_required"
        assert response.json()["code"] == code, entry.id


def test_a_stranger_gets_404_everywhere(alice, charlie):
    caller = Program(sign_in(charlie)["access"], alice.workspace.id)

    for entry in SCOPED:
        method, path, operation = entry.values
        response = send(caller.client, method, address(path, operation), **caller.headers)
        assert response.json()["code"] == "not_found", entry.id


def readable(alice) -> dict[str, str]:
    """Every list and single thing that alice can read without an id of something she has yet to make."""
    places = {}
    for path, methods in SCHEMA["paths"].items():
        plain = path.replace("{workspace_id}", str(alice.workspace.id))
        if "get" in methods and "{" not in plain and "export" not in plain:
            places[methods["get"]["operationId"]] = plain
    for path, methods in SCHEMA["paths"].items():
        listed, _brace, rest = path.partition("{")
        if "get" in methods and re.fullmatch(r"\w+\}/", rest) and listed in places.values():
            rows = alice.get(listed).json().get("results") or [{}]
            name = next((key for key in ("id", "user_id", "key") if key in rows[0]), None)
            if name:
                places[methods["get"]["operationId"]] = f"{listed}{rows[0][name]}/"
    return places


def test_every_list_and_detail_takes_three_statements(alice, at_most, monkeypatch):
    # The limits' live values come from Redis, which learns them on commit: never inside a test's transaction.
    monkeypatch.setattr(limits, "LIVE_SECONDS", 3600.0)
    places = readable(alice)

    for name, address in places.items():
        headers = {"X-Workspace-Id": str(alice.workspace.id)}
        assert alice.get(address, headers=headers).status_code == 200, name
        try:
            with at_most(3):
                alice.get(address, headers=headers)
        except AssertionError as error:
            raise AssertionError(name) from error
    assert len(places) > 20
