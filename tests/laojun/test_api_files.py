"""`files/`: upload, read in parts, share by links that die."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts import tenancy
from laojun import audit, configs, files, links
from laojun.files import Owner
from laojun.models import AuditLog, File
from tests.laojun.test_files import PNG, archive

pytestmark = pytest.mark.django_db


def upload(person, content=b"hello", name="hello.txt", **fields):
    body = {"file": SimpleUploadedFile(name, content, fields.pop("type", "text/plain")), **fields}
    return person.client.post("/api/v1/files/", body)


def body(response) -> bytes:
    return b"".join(response)


@pytest.fixture
def file_id(alice) -> str:
    return upload(alice, b"0123456789").json()["id"]


def test_an_upload_comes_back_byte_for_byte(alice):
    created = upload(alice, archive(), "项目.zip", type="application/zip")

    assert created.status_code == 201, created.content
    shown = created.json()
    assert (shown["original_filename"], shown["mime_type"]) == ("项目.zip", "application/zip")
    assert "storage_path" not in shown
    content = alice.get(f"/api/v1/files/{shown['id']}/content/")
    assert body(content) == archive()
    assert content["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert content["X-Content-Type-Options"] == "nosniff"
    assert content["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("asked", "status", "got"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=4-", 206, b"456789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-100", 206, b"89"),
        ("bytes=0-0,5-6", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=10-", 416, None),
    ],
)
def test_a_part_is_read_by_range(alice, file_id, asked, status, got):
    response = alice.get(f"/api/v1/files/{file_id}/content/", headers={"Range": asked})

    assert response.status_code == status
    if got is not None:
        assert body(response) == got


def test_a_reader_who_has_it_gets_304(alice, file_id):
    first = alice.get(f"/api/v1/files/{file_id}/content/")
    body(first)

    again = alice.get(f"/api/v1/files/{file_id}/content/", headers={"If-None-Match": first["ETag"]})

    assert again.status_code == 304


def test_a_part_of_a_changed_file_is_the_whole(alice, file_id):
    headers = {"Range": "bytes=0-3", "If-Range": '"another"'}
    response = alice.get(f"/api/v1/files/{file_id}/content/", headers=headers)

    assert (response.status_code, body(response)) == (200, b"0123456789")


@pytest.mark.parametrize(
    ("content", "name", "fields", "status", "code"),
    [
        (b"<html>", "a.png", {}, 415, "type_mismatch"),
        (PNG, "a.png", {"type": "text/html"}, 415, "type_mismatch"),
        (b"MZ\x90\x00" + b"\x00" * 60, "a.exe", {"type": ""}, 415, "type_not_allowed"),
        (b"hello", "a.txt", {"purpose": "unknown"}, 400, "validation_error"),
        (b"hello", "a.txt", {"purpose": "audit_export"}, 400, "validation_error"),
        (b"hello", "a.txt", {"entity_type": "X;"}, 400, "validation_error"),
        (b"hello", "a.txt", {"surprise": "1"}, 400, "unknown_field"),
    ],
)
def test_a_refused_upload_says_why_and_keeps_nothing(alice, content, name, fields, status, code):
    refused = upload(alice, content, name, **fields)

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert alice.get("/api/v1/files/").json()["results"] == []


def test_a_file_over_the_cap_is_413_with_the_limit(alice):
    with tenancy.workspace(alice.workspace.id):
        configs.write(
            changes=[configs.Change("storage.max_file_size", 1024)],
            workspace_id=alice.workspace.id,
            actor=audit.Actor.system("test"),
        )

    refused = upload(alice, b"x" * 1025)

    assert refused.status_code == 413
    assert (refused.json()["code"], refused.json()["limit"]) == ("file_too_large", 1024)


def test_a_full_quota_is_413_with_numbers(alice):
    with tenancy.workspace(alice.workspace.id):
        configs.write(
            changes=[configs.Change("storage.user_quota_bytes", 4)],
            workspace_id=alice.workspace.id,
            actor=audit.Actor.system("test"),
        )

    refused = upload(alice).json()

    assert refused["code"] == "storage_quota_exceeded"
    assert (refused["limit"], refused["used"], refused["needed"]) == (4, 0, 5)


def test_a_disk_that_is_full_is_507(alice, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage.save", full)

    assert upload(alice).status_code == 507


def test_a_picture_of_a_person_belongs_to_no_workspace(alice, bob):
    made = upload(alice, PNG, "me.png", type="image/png", purpose="avatar").json()
    with tenancy.user(alice.user.id):
        assert File.objects.get(pk=made["id"]).workspace_id is None

    assert bob.get(f"/api/v1/files/{made['id']}/").status_code == 404


def test_a_list_is_filtered_and_costs_three_statements(alice, at_most):
    upload(alice, entity_type="job", entity_id="7")
    for _count in range(5):
        upload(alice)

    with at_most(3):
        found = alice.get("/api/v1/files/?entity_type=job&entity_id=7").json()["results"]
    assert len(found) == 1
    with at_most(3):
        assert len(alice.get("/api/v1/files/").json()["results"]) == 6


def test_a_deleted_file_is_gone_at_once(alice, file_id):
    address = links_of(alice, file_id)["url"]
    assert alice.client.delete(f"/api/v1/files/{file_id}/").status_code == 204

    assert alice.get(f"/api/v1/files/{file_id}/").status_code == 404
    assert alice.get(f"/api/v1/files/{file_id}/content/").status_code == 404
    assert Client().get(address).status_code == 404


def links_of(person, file_id, **fields):
    made = person.client.post(
        f"/api/v1/files/{file_id}/links/", fields, content_type="application/json"
    )
    assert made.status_code == 201, made.content
    return made.json()


def test_a_link_works_without_signing_in_until_its_hour(alice, file_id, monkeypatch):
    made = links_of(alice, file_id, seconds=30)
    assert body(Client().get(made["url"])) == b"0123456789"

    later = timezone.now() + timedelta(seconds=31)
    monkeypatch.setattr(timezone, "now", lambda: later)

    assert Client().get(made["url"]).status_code == 404


def test_a_link_with_one_changed_character_is_dead(alice, file_id):
    url = links_of(alice, file_id)["url"]
    token = url.removeprefix("/files/links/").removesuffix("/")
    for place in range(0, len(token), 3):
        swapped = "A" if token[place] != "A" else "B"
        altered = f"{token[:place]}{swapped}{token[place + 1 :]}"
        with pytest.raises(links.LinkDead):
            links.follow(altered)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "é.b.c", "a" * 5000, "....", "a.b.c.d"])
def test_a_made_up_link_is_an_unknown_page(db, token):
    with pytest.raises(links.LinkDead):
        links.follow(token)


def test_a_link_of_a_life_out_of_bounds_is_refused(alice, file_id):
    for seconds in (1, 86_401):
        refused = alice.client.post(
            f"/api/v1/files/{file_id}/links/",
            {"seconds": seconds},
            content_type="application/json",
        )
        assert refused.status_code == 400


def test_a_page_is_never_shown_in_place(alice):
    page = upload(alice, b"<!doctype html><script>1</script>", "a.html", type="text/html").json()
    made = links_of(alice, page["id"], disposition="inline")

    response = Client().get(made["url"])

    assert response["Content-Disposition"].startswith("attachment")
    body(response)


def test_a_public_file_has_an_address_until_it_is_taken_back(alice):
    made = upload(alice, PNG, "a.png", type="image/png", is_public="true").json()
    assert body(Client().get(made["url"])) == PNG

    changed = alice.client.patch(
        f"/api/v1/files/{made['id']}/", {"is_public": False}, content_type="application/json"
    )

    assert changed.json()["url"] is None
    assert Client().get(made["url"]).status_code == 404


def test_a_stranger_gets_what_an_unknown_id_gets(alice, charlie, file_id):
    unknown = "01890000-0000-7000-8000-000000000000"
    for method, tail in (
        ("get", ""),
        ("patch", ""),
        ("delete", ""),
        ("get", "content/"),
        ("post", "links/"),
    ):
        send = getattr(charlie.client, method)
        extra = {} if method == "get" else {"data": {}, "content_type": "application/json"}
        theirs, nobodys = (
            send(f"/api/v1/files/{key}/{tail}", **extra) for key in (file_id, unknown)
        )
        assert (theirs.status_code, nobodys.status_code) == (404, 404)
        assert {**theirs.json(), "trace_id": ""} == {**nobodys.json(), "trace_id": ""}
    assert charlie.get("/api/v1/files/").json()["results"] == []


def test_a_colleague_may_not_delete_what_is_not_theirs(alice, bob, file_id):
    assert bob.client.delete(f"/api/v1/files/{file_id}/").status_code == 404
    assert bob.get(f"/api/v1/files/{file_id}/").status_code == 200


def test_each_deed_leaves_a_row_with_where_it_came_from(alice, file_id):
    links_of(alice, file_id)
    alice.client.delete(f"/api/v1/files/{file_id}/")

    with tenancy.workspace(alice.workspace.id):
        rows = AuditLog.objects.filter(resource_id=file_id).order_by("id")
        assert [row.action for row in rows] == ["file.uploaded", "file.linked", "file.deleted"]
        assert {(row.actor_id, row.ip_address) for row in rows} == {(alice.user.id, "127.0.0.1")}
        assert all(row.trace_id for row in rows)


def test_the_same_upload_twice_by_key_is_one_file(alice):
    for _repeat in range(2):
        alice.client.post(
            "/api/v1/files/",
            {"file": SimpleUploadedFile("a.txt", b"hello", "text/plain")},
            headers={"Idempotency-Key": "one"},
        )

    assert len(alice.get("/api/v1/files/").json()["results"]) == 1


def test_a_temporary_file_is_gone_at_its_hour(alice, monkeypatch):
    made = upload(alice, temporary="true").json()
    later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: later)

    owner = Owner(alice.user.id, alice.workspace.id)
    with owner.envelope():
        assert not File.objects.live(timezone.now()).filter(pk=made["id"]).exists()


def test_bytes_that_are_gone_are_a_404(alice, file_id):
    with tenancy.workspace(alice.workspace.id):
        file = File.objects.get(pk=file_id)
    files.default_storage.delete(file.storage_path)

    assert alice.get(f"/api/v1/files/{file_id}/content/").status_code == 404
    with pytest.raises(files.ContentMissing):
        files.read(file)


def test_a_file_is_whatever_gives_bytes(alice):
    owner = Owner(alice.user.id, alice.workspace.id)
    for content in (b"same", io.BytesIO(b"same"), iter([b"sa", b"me"])):
        file = files.store(content=content, name="a.txt", purpose="attachment", owner=owner)
        assert files.read(file) == b"same"
