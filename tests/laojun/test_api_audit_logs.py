"""`audit-logs/`: one's own workspace, filtered, exported so that no spreadsheet is tricked."""

import csv
import io
import json

import pytest

from accounts import tenancy
from laojun import audit
from laojun.models import AuditLog
from tests import factories

pytestmark = pytest.mark.django_db


def deed(person, target="1", action="file.uploaded", **extra):
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        audit.record(actor=person.user, action=action, target=("file", target), **extra)


def rows(person, query=""):
    response = person.get(f"/api/v1/audit-logs/{query}")
    assert response.status_code == 200, response.content
    return response.json()["results"]


def test_the_newest_row_comes_first_with_its_actors_name(alice):
    deed(alice, "1")
    deed(alice, "2")

    first, second, *_others = rows(alice)

    assert (first["resource_id"], second["resource_id"]) == ("2", "1")
    assert first["actor_name"] == "alice"


def test_a_list_costs_three_statements(alice, at_most):
    for number in range(50):
        deed(alice, str(number))
    with at_most(3):
        assert len(rows(alice, "?limit=50")) == 50


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?action=file.deleted", 1),
        ("?resource_type=file&resource_id=2", 1),
        ("?q=needle", 1),
        ("?result=denied", 0),
        ("?from=2001-01-01&to=2001-02-01", 0),
        ("?resource_type=file", 3),
    ],
)
def test_filters(alice, query, count):
    deed(alice, "1")
    deed(alice, "2", action="file.deleted")
    deed(alice, "needle")

    assert len(rows(alice, query)) == count


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?from=2001-01-01&to=2003-01-01", "window_too_wide"),
        ("?from=yesterday", "validation_error"),
        ("?from=2026-99-99", "validation_error"),
        ("?surprise=1", "unknown_parameter"),
    ],
)
def test_a_filter_that_means_nothing_is_400(alice, query, code):
    refused = alice.get(f"/api/v1/audit-logs/{query}")

    assert (refused.status_code, refused.json()["code"]) == (400, code)


def test_a_stranger_gets_what_an_unknown_id_gets(alice, charlie):
    deed(alice)
    key = rows(alice)[0]["id"]
    assert alice.get(f"/api/v1/audit-logs/{key}/").status_code == 200

    theirs, nobodys = (
        charlie.get(f"/api/v1/audit-logs/{number}/") for number in (key, 999_999_999)
    )

    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert {**theirs.json(), "trace_id": ""} == {**nobodys.json(), "trace_id": ""}
    assert "file" not in {row["resource_type"] for row in rows(charlie)}


def test_the_platforms_own_rows_are_not_a_tenants(alice):
    audit.record(
        actor=audit.Actor.system("test"),
        action="file.deleted",
        target=audit.Target("file", "platform", platform=True),
    )
    assert not [row for row in rows(alice) if row["resource_id"] == "platform"]


def test_an_editor_may_not_look(bob):
    assert bob.get("/api/v1/audit-logs/").status_code == 403


def test_an_export_cannot_become_a_formula(alice):
    deed(alice, "=cmd|' /C calc'!A0")
    response = alice.get("/api/v1/audit-logs/export/?format=csv&resource_type=file")

    table = list(csv.DictReader(io.StringIO(b"".join(response).decode())))

    assert table[0]["resource_id"] == "'=cmd|' /C calc'!A0"
    assert response["Content-Disposition"].startswith("attachment")


def test_an_export_holds_what_the_list_holds_and_is_audited(alice):
    for number in range(3):
        deed(alice, str(number), before={"a": 1}, after={"a": 2})
    response = alice.get("/api/v1/audit-logs/export/?format=jsonl&resource_type=file")

    *lines, signed = [json.loads(line) for line in b"".join(response).splitlines()]

    assert signed["body"]["rows"] == 3
    assert [line["resource_id"] for line in lines] == ["0", "1", "2"]
    assert lines[0]["payload"]["changed"] == ["a"]
    assert rows(alice, "?action=audit.exported")[0]["payload"]["details"] == {"rows": 3}


def test_an_auditor_without_the_right_to_export_is_refused(alice):
    analyst = factories.colleague("ana", of=alice, role="analyst")

    assert analyst.get("/api/v1/audit-logs/").status_code == 200
    assert analyst.get("/api/v1/audit-logs/export/").status_code == 403


def test_no_row_can_be_changed_by_any_method(alice):
    deed(alice)
    key = rows(alice)[0]["id"]
    for method in ("post", "put", "patch", "delete"):
        send = getattr(alice.client, method)
        assert send(f"/api/v1/audit-logs/{key}/").status_code in {403, 405}


def test_accounts_news_becomes_rows_in_the_same_transaction(alice):
    with tenancy.platform_scope(reason="test"):
        opened = AuditLog.objects.get(action="user.created", actor_id=alice.user.id)
        made = AuditLog.objects.get(action="workspace.created", actor_id=alice.user.id)
    assert opened.workspace_id is None
    assert made.workspace_id == alice.workspace.id


def test_looking_across_workspaces_leaves_a_line_an_hour(olga):
    with audit.facts(audit.Facts(actor=audit.Actor.of_user(olga.user))):
        for _repeat in range(3):
            with tenancy.platform_scope(reason="audit explorer"):
                pass

    with tenancy.platform_scope(reason="test"):
        found = AuditLog.objects.filter(
            action="platform_scope.entered", resource_id="audit explorer", actor_id=olga.user.id
        )
        assert found.count() == 1
