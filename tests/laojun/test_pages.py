"""The pages of files, audit and workspace settings, as a person with a browser sees them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import tenancy
from laojun import configs
from laojun.models import AuditLog, File
from tests import factories

pytestmark = pytest.mark.django_db
SIZE = "storage.max_file_size"
ENGLISH = {"headers": {"Accept-Language": "en"}}


def english(person):
    person.client.post("/language/", {"language": "en"})
    return person


def upload(person, name="notes.txt", content=b"hello"):
    file = SimpleUploadedFile(name, content, "text/plain")
    return person.client.post("/api/v1/files/", {"file": file}).json()


def test_nobody_sees_a_page_without_signing_in(db):
    for path in ("/files/", "/workspace/audit/", "/workspace/settings/"):
        assert Client().get(path).status_code == 302


def test_the_files_page_shows_files_quota_and_what_may_be_done(alice):
    made = upload(alice, "<script>alert(1)</script>.txt")

    page = alice.get("/files/").content.decode()

    assert "&lt;script&gt;" in page or "script&gt;.txt" in page
    assert "<script>alert(1)" not in page
    assert f"/files/{made['id']}/deletion/" in page
    assert 'data-upload="/api/v1/files/"' in page


def test_an_empty_files_page_says_what_will_be_here(alice):
    assert "empty-title" in alice.get("/files/").content.decode()


def test_a_viewer_reads_and_may_not_upload(alice):
    viewer = factories.colleague("viewer", of=alice, role="viewer")
    upload(alice)

    page = viewer.get("/files/").content.decode()

    assert "notes.txt" in page
    assert "data-upload" not in page
    assert "/deletion/" not in page


def test_a_link_is_made_on_the_page_and_works(alice):
    made = upload(alice)
    page = alice.post(f"/files/{made['id']}/link/", {"seconds": 300})
    address = page.context["address"]

    assert b"".join(Client().get(address.removeprefix("http://testserver"))) == b"hello"


def test_deleting_on_the_page_takes_the_file_away(alice):
    made = upload(alice)

    assert alice.post(f"/files/{made['id']}/deletion/").status_code == 302

    with tenancy.workspace(alice.workspace.id):
        assert File.objects.get(pk=made["id"]).state == "deleted"


def test_another_workspaces_files_do_not_exist_for_any_page(alice, charlie):
    made = upload(alice)

    assert charlie.post(f"/files/{made['id']}/deletion/").status_code == 404
    assert charlie.post(f"/files/{made['id']}/link/", {"seconds": 300}).status_code == 404
    assert charlie.get(f"/files/{made['id']}/content/").status_code == 404
    assert "notes.txt" not in charlie.get("/files/").content.decode()


def test_the_audit_page_shows_before_and_after(alice):
    change(alice, SIZE, "5000")

    page = alice.get("/workspace/audit/?action=config.set").content.decode()

    assert "5000" in page
    assert SIZE in page
    assert "alice" in page


def test_the_audit_page_explains_a_bad_filter(alice):
    page = alice.get("/workspace/audit/?from=2001-01-01&to=2005-01-01")

    assert page.status_code == 200
    assert page.context["error"]


def test_the_audit_page_is_for_those_who_may(bob):
    assert bob.get("/workspace/audit/").status_code == 403
    assert bob.get("/workspace/audit/export/").status_code == 403


def test_an_export_from_the_page(alice):
    upload(alice)
    response = alice.get("/workspace/audit/export/?format=csv")

    assert b"file.uploaded" in b"".join(response)


def change(person, key, value, seen=None, **extra):
    with tenancy.workspace(person.workspace.id):
        version = configs.entry(key, person.workspace.id).version
    prefix = key.replace(".", "-")
    body = {f"{prefix}-value": value, f"{prefix}-seen": seen or version, **extra}
    return person.post(f"/workspace/settings/{key}/", body)


def test_a_setting_is_changed_and_says_where_its_value_comes_from(alice):
    assert change(alice, SIZE, "5000").status_code == 302

    with tenancy.workspace(alice.workspace.id):
        assert configs.value(SIZE, alice.workspace.id) == 5000
    page = alice.get("/workspace/settings/").content.decode()
    assert 'value="5000"' in page


def test_a_refused_value_is_explained_beside_its_field(alice):
    page = change(alice, SIZE, "1")

    assert page.status_code == 400
    assert "field-error" in page.content.decode()


def test_the_second_of_two_browsers_sees_the_firsts_value(alice):
    change(alice, SIZE, "5000")

    page = change(alice, SIZE, "6000", seen="0-0")

    assert page.status_code == 400
    assert "5000" in page.content.decode()


def test_a_reset_goes_back_to_the_default(alice):
    change(alice, SIZE, "5000")
    change(alice, SIZE, "", reset="1")

    with tenancy.workspace(alice.workspace.id):
        assert configs.entry(SIZE, alice.workspace.id).source == "default"


def test_history_takes_a_change_back(alice):
    change(alice, SIZE, "5000")
    with tenancy.workspace(alice.workspace.id):
        row = configs.history(SIZE, alice.workspace.id).get()
    assert "5000" in alice.get(f"/workspace/settings/{SIZE}/history/").content.decode()

    alice.post(f"/workspace/settings/{SIZE}/rollback/", {"audit_id": row.pk})

    with tenancy.workspace(alice.workspace.id):
        assert configs.entry(SIZE, alice.workspace.id).source == "default"


def test_history_opens_beside_the_settings(alice):
    change(alice, SIZE, "5000")

    drawer = alice.get(
        f"/workspace/settings/{SIZE}/history/", headers={"HX-Request": "true"}
    ).content.decode()

    assert "5000" in drawer
    assert "<html" not in drawer


@pytest.mark.parametrize("path", ["no.such/", "no.such/history/", "no.such/rollback/"])
def test_a_setting_nobody_knows_is_404(alice, path):
    send = alice.get if path.endswith("history/") else alice.post
    assert send(f"/workspace/settings/{path}").status_code == 404


def test_an_editor_may_not_change_settings(alice, bob):
    assert change(bob, SIZE, "5000").status_code == 403
    with tenancy.workspace(alice.workspace.id):
        assert AuditLog.objects.filter(action="access.denied", actor_id=bob.user.id).exists()


@pytest.mark.parametrize("path", ["/files/", "/workspace/audit/", "/workspace/settings/"])
def test_the_pages_carry_no_inline_script_or_style(alice, path):
    upload(alice)
    page = alice.get(path).content.decode()

    assert " style=" not in page
    assert "onclick" not in page
    assert "<style" not in page
