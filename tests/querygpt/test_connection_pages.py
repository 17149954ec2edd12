"""The pages of connections: made, mended, switched, deleted, by people who have no program."""

from datetime import date

import pytest
from django.utils import translation

from accounts import tenancy
from querygpt.connections import checking
from querygpt.forms import ConnectionForm
from querygpt.models import Connection
from tests.querygpt import rows

PUBLIC = "93.184.216.34"
GOOD = {
    "name": "shop",
    "host": "db.example.com",
    "port": "",
    "database_name": "shop",
    "username": "reader",
    "password": "canary-password-2",
    "tls_mode": "require",
    "timeout_seconds": "15",
    "max_rows": "1000",
    "disclosure": "schema",
}


@pytest.fixture(autouse=True)
def names(monkeypatch):
    monkeypatch.setattr(checking.check, "__kwdefaults__", {"resolver": lambda *_: [PUBLIC]})


def only(person) -> Connection:
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        return Connection.objects.get()


def test_an_empty_list_says_what_to_do(alice):
    page = alice.get("/query/connections/", headers={"Accept-Language": "en"})

    assert page.status_code == 200
    assert "/query/connections/new/" in page.content.decode()


@pytest.mark.parametrize("driver", ["postgresql", "mysql", "sqlite"])
def test_a_form_has_the_fields_of_its_driver(alice, driver):
    text = alice.get(f"/query/connections/new/{driver}/").content.decode()

    assert ('name="host"' in text) is (driver != "sqlite")
    assert ('name="file"' in text) is (driver == "sqlite")
    assert ('name="schemas"' in text) is (driver == "postgresql")


def test_a_connection_is_made_changed_and_deleted(alice):
    made = alice.post("/query/connections/new/postgresql/", GOOD)
    connection = only(alice)
    page = f"/query/connections/{connection.pk}/"
    assert made["Location"] == page
    assert "canary-password-2" not in alice.get(page).content.decode()

    change = {**GOOD, "name": "renamed", "password": "", "seen": connection.version}
    assert alice.post(page, change).status_code == 302
    assert (only(alice).name, only(alice).has_password) == ("renamed", True)

    stale = alice.post(page, {**change, "name": "other"})
    assert (stale.status_code, only(alice).name) == (400, "renamed")

    assert alice.post(f"{page}switch/", {"on": "no"}).status_code == 302
    assert only(alice).status == "disabled"
    assert alice.post(f"{page}switch/", {"on": "yes"}).status_code == 302
    assert alice.post(f"{page}default/").status_code == 302
    assert alice.post(f"{page}deletion/").status_code == 302
    assert alice.get(page).status_code == 404


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_day_that_counts_as_today_stands_in_the_form(language):
    """A browser shows no other spelling in a field of days, and would send an empty one back."""
    lent = Connection(driver="sqlite", reference_date=date(2025, 12, 31))

    with translation.override(language):
        field = str(
            ConnectionForm(driver="sqlite", connection=lent, may_share=True)["reference_date"]
        )

    assert 'value="2025-12-31"' in field


def test_a_refused_host_is_told_beside_its_field(alice):
    page = alice.post("/query/connections/new/postgresql/", {**GOOD, "host": "127.0.0.1"})

    assert page.status_code == 400
    assert "field-invalid" in page.content.decode()


def test_findings_come_with_the_statements_for_a_reader(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        findings = [{"code": "superuser", "severity": "unsafe"}]
        made = rows.connection(alice, username="reader", findings=findings, status="unsafe")

    text = alice.get(f"/query/connections/{made.pk}/").content.decode()

    assert "GRANT SELECT" in text


def test_others_see_a_shared_connection_and_change_nothing(alice, bob, charlie):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        made = rows.connection(alice, username="reader", visibility="workspace")
    page = f"/query/connections/{made.pk}/"

    assert bob.get(page).status_code == 200
    assert bob.post(f"{page}switch/", {"on": "no"}).status_code == 403
    assert charlie.get(page).status_code == 404


def test_operators_look_and_switch_off(alice, olga):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        made = rows.connection(alice, password_encrypted="s1.secret.x")
        rows.run(alice, connection=made, verdict="refused", state="refused", rule="locking")

    for address in ("/admin/querygpt/connection/", "/admin/querygpt/run/"):
        page = olga.get(address)
        assert page.status_code == 200
        assert "s1.secret" not in page.content.decode()
        assert alice.get(address).status_code != 200
    detail = olga.get(f"/admin/querygpt/connection/{made.pk}/change/")
    assert "s1.secret" not in detail.content.decode()
