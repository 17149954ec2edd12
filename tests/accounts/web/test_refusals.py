"""Every refusal under /api/ is a problem document, whoever refuses: the router, the parser, the framework."""

import asyncio
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.registry import problems
from accounts.web.bodylimit import BodyLimit
from tests.accounts.api.calls import program

pytestmark = pytest.mark.django_db
JSON = "application/json"


def assert_problem(response, status, code):
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    body = response.json()
    assert body["code"] == code
    assert problems[code].status == status == body["status"]
    assert body["trace_id"] == response["X-Request-Id"]
    return body


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/v2/me/", "/api/v1/%ff/", "/api/v1/me/x/"]
)
def test_unknown_paths(alice, path):
    assert_problem(program(alice).get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["post", "patch", "put", "delete"])
def test_a_write_without_the_last_slash_is_not_sent_on_without_its_body(alice, method):
    assert_problem(program(alice).call(method, "/api/v1/roles", {"name": "x"}), 404, "not_found")


def test_a_read_without_the_last_slash_is_sent_on(alice):
    assert program(alice).get("/api/v1/me").status_code == 301


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND", "PUT"])
def test_methods_that_nobody_answers(alice, method):
    response = alice.client.generic(method, "/api/v1/me/")

    assert_problem(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD, PATCH, DELETE"


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override"])
def test_a_method_cannot_be_disguised(alice, header):
    response = alice.client.post("/api/v1/me/", {}, content_type=JSON, headers={header: "PATCH"})

    assert_problem(response, 405, "method_not_allowed")


def test_a_foreign_host(alice):
    response = Client().get("/api/v1/me/", headers={"Host": "evil.example"})

    assert_problem(response, 400, "bad_request")


def test_csrf(alice):
    client = Client(enforce_csrf_checks=True)
    client.cookies = alice.client.cookies
    for headers in ({}, {"X-CSRFToken": "forged"}, {"Origin": "null"}):
        response = client.post("/api/v1/roles/", {"name": "x"}, content_type=JSON, headers=headers)
        assert_problem(response, 403, "csrf_failed")


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        ("garbage", "multipart/form-data", 400, "body_unreadable"),
        ("garbage", "multipart/form-data; boundary=x", 400, "validation_error"),
        ("a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("<a/>", "application/xml", 415, "unsupported_media_type"),
        ('{"a": 1}', "application/json; charset=utf-16", 400, "unknown_field"),
        (b"\xff\xfe{\x00}\x00", JSON, 400, "body_unreadable"),
        ("", JSON, 400, "validation_error"),
        ('{"purpose": 1e999}', JSON, 400, "body_unreadable"),
    ],
)
def test_bodies_of_uploads(alice, body, media_type, status, code):
    response = alice.client.generic("POST", "/api/v1/files/", body, content_type=media_type)

    assert_problem(response, status, code)


def test_too_many_fields_and_files(alice):
    fields = {f"a{number}": "1" for number in range(1200)}
    files = {f"f{number}": SimpleUploadedFile("a", b"x") for number in range(120)}

    assert_problem(alice.client.post("/api/v1/files/", fields), 400, "body_too_deep")
    assert_problem(alice.client.post("/api/v1/files/", files), 400, "body_too_deep")


def test_too_many_parameters(alice):
    query = "&".join(f"a{number}=1" for number in range(1200))

    assert_problem(alice.get(f"/api/v1/roles/?{query}"), 400, "body_too_deep")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/roles/99999999999999999999/", 404),
        ("/api/v1/projects/99999999999999999999/", 404),
        ("/api/v1/audit-logs/99999999999999999999/", 404),
        ("/api/v1/projects/1/versions/99999999999999999999/", 404),
        ("/api/v1/generation-jobs/?project=99999999999999999999", 400),
        ("/api/v1/generation-jobs/?created_after=10000-01-01", 400),
        ("/api/v1/tasks/?state=nothing", 400),
        ("/api/v1/audit-logs/?from=0000-00-00", 400),
        ("/api/v1/files/?entity_id=%00", 400),
        ("/api/v1/roles/?limit=１", 400),
        ("/api/v1/roles/?ordering=permissions__key", 400),
    ],
)
def test_values_beyond_what_the_database_holds(alice, path, status):
    response = alice.get(path)

    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"


def test_a_detail_never_echoes_much_of_the_input(alice):
    name = "x" * 5000
    response = alice.client.patch("/api/v1/me/settings/", {name: 1}, content_type=JSON)

    assert len(assert_problem(response, 400, "unknown_field")["errors"][0]["pointer"]) <= 101


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused_before_anything_reads_it(declared):
    sent = []

    async def application(scope, receive, send):
        while (await receive())["type"] != "http.disconnect":
            pass

    async def receive():
        return {"type": "http.request", "body": b"x" * 1024 * 1024, "more_body": True}

    async def send(message):
        sent.append(message)

    headers = [(b"content-length", b"99999999")] if declared else []
    scope = {"type": "http", "path": "/api/v1/roles/", "headers": headers}
    asyncio.run(BodyLimit(application)(scope, receive, send))

    assert sent[0]["status"] == 413
    body = json.loads(sent[1]["body"])
    assert problems[body["code"]].status == 413
    assert dict(sent[0]["headers"])[b"x-request-id"].decode() == body["trace_id"]
