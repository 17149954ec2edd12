"""Every unsafe operation of the API and every action of the console leaves a row: who, by which request, what."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts import invitations, tenancy
from accounts.models import Role, Session
from laojun.models import AuditLog
from taishang.generation import sample
from tests.accounts.api.calls import sign_in
from tests.accounts.web.doors import OPERATIONS, rows_of
from tests.factories import PASSWORD, Person
from tests.rig import limits

pytestmark = pytest.mark.django_db
JSON = "application/json"
EXCEPTIONS = dict(
    line.split("\t")
    for line in (Path(__file__).parent / "audit_exceptions.tsv").read_text().splitlines()
)
# Raised by nobody: a new operation leaves a row.
MOST_EXCEPTIONS = 6
UNSAFE = [one for one in OPERATIONS if one.method != "get"]
SETTING = "/api/v1/configs/storage.max_file_size/"


@pytest.fixture(autouse=True)
def _limits_out_of_the_way(db):
    limits.ease()


@dataclass
class World:
    """Alice's workspace with a row of everything, bob in it, charlie outside."""

    alice: Person
    bob: Person
    charlie: Person
    ids: dict[str, str] = field(default_factory=dict)
    trace: str = ""

    def send(
        self, method: str, path: str, body: Any = None, by: Person | None = None, **extra: Any
    ):
        """One request with a trace of its own; multipart where a file is sent."""
        self.trace = uuid4().hex
        person = by or self.alice
        headers = {"X-Request-Id": self.trace, **extra.get("headers", {})}
        if extra.get("files"):
            return person.client.generic_multipart(path, body, headers)
        return getattr(person.client, method)(
            path, json.dumps(body or {}), content_type=JSON, headers=headers
        )

    def inside(self):
        return tenancy.workspace(self.alice.workspace.id, user_id=self.alice.user.id)

    def key(self, name: str) -> str:
        return self.ids[name]


@pytest.fixture
def world(alice, bob, charlie):
    return World(alice, bob, charlie, rows_of(alice))


def _upload(world: World, path: str, **body: Any):
    world.trace = uuid4().hex
    return world.alice.client.post(path, body, headers={"X-Request-Id": world.trace})


def _png() -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(stream, "PNG")
    return SimpleUploadedFile("me.png", stream.getvalue(), "image/png")


def _viewer(world: World) -> int:
    with world.inside():
        return Role.objects.get(key="viewer", workspace=None).pk


def _tagged(world: World, method: str, path: str, body: Any, place: str = ""):
    tag = world.alice.get(place or path)["ETag"]
    return world.send(method, path, body, headers={"If-Match": tag})


def _set(world: World):
    return _tagged(world, "put", SETTING, {"value": 4096})


def _rolled_back(world: World):
    _set(world)
    _tagged(world, "put", SETTING, {"value": 8192})
    with world.inside():
        row = AuditLog.objects.filter(action="config.set").latest("pk")
    return world.send("post", f"{SETTING}rollback/", {"audit_id": row.pk})


def _configs(world: World):
    change = {"key": "storage.max_file_size", "value": 4096}
    return world.send(
        "patch", "/api/v1/configs/", {"conflict": "last_write_wins", "changes": [change]}
    )


def _reset(world: World):
    _set(world)
    return _tagged(world, "delete", SETTING, {})


def _invited(world: World, guest: Person) -> str:
    with world.inside():
        principal = _principal(world)
        _row, link = invitations.create(
            workspace_id=world.alice.workspace.pk,
            email=guest.user.email,
            role=Role.objects.get(key="viewer", workspace=None),
            message="",
            held=principal.permissions(),
            by=world.alice.user,
        )
    return link.rstrip("/").rpartition("/")[2]


def _principal(world: World):
    from accounts.authentication import Principal  # noqa: PLC0415
    from accounts.tenancy import Context  # noqa: PLC0415

    return Principal(
        user=world.alice.user,
        workspace_id=world.alice.workspace.pk,
        is_owner=True,
        context=Context(world.alice.user.pk, world.alice.workspace.pk),
    )


def _answer(noun: str) -> Callable[[World], Any]:
    def ask(world: World):
        token = _invited(world, world.charlie)
        return world.send(
            "post", f"/api/v1/invitations/{noun}/", {"token": token}, by=world.charlie
        )

    return ask


def _signed_in(world: World):
    body = {"login": "alice", "password": PASSWORD}
    world.trace = uuid4().hex
    return Client().post(
        "/api/v1/auth/token/", body, content_type=JSON, headers={"X-Request-Id": world.trace}
    )


def _token(noun: str) -> Callable[[World], Any]:
    def ask(world: World):
        refresh = sign_in(world.alice)["refresh"]
        world.trace = uuid4().hex
        return Client().post(
            f"/api/v1/auth/token/{noun}/",
            {"refresh": refresh},
            content_type=JSON,
            headers={"X-Request-Id": world.trace},
        )

    return ask


def _address(world: World, tail: str = "") -> str:
    return f"/api/v1/workspaces/{world.alice.workspace.pk}/{tail}"


def _offer(world: World) -> None:
    answer = world.send("post", _address(world, "transfer/"), {"user_id": str(world.bob.user.pk)})
    assert answer.status_code < 300, answer.content


def _deleting(world: World):
    assert world.send("delete", _address(world)).status_code < 300
    return world.send("post", _address(world, "restoration/"))


def _picture(world: World):
    return _upload(world, "/api/v1/me/picture/", picture=_png())


def _project(world: World, method: str, tail: str = "", body: Any = None):
    return world.send(method, f"/api/v1/projects/{world.key('project')}/{tail}", body)


def _session(world: World) -> str:
    sign_in(world.alice)
    with tenancy.platform_scope(reason="test"):
        return str(Session.objects.filter(user=world.alice.user).latest("created_at").pk)


def _task(world: World, method: str, tail: str = "", body: Any = None):
    return world.send(method, f"/api/v1/tasks/{world.key('task')}/{tail}", body)


def _ended_task(world: World):
    _task(world, "post", "cancellation/", {})
    return _task(world, "post", "retry/", {})


# Operation → a call of it that succeeds. A new unsafe operation is added here.
CALLS: dict[str, Callable[[World], Any]] = {
    "api_keys_create": lambda w: w.send(
        "post", "/api/v1/api-keys/", {"name": "n", "scopes": ["file.view"]}
    ),
    "api_keys_partial_update": lambda w: w.send(
        "patch", f"/api/v1/api-keys/{w.key('key')}/", {"name": "other"}
    ),
    "api_keys_destroy": lambda w: w.send("delete", f"/api/v1/api-keys/{w.key('key')}/"),
    "api_keys_revocation_create": lambda w: w.send("post", "/api/v1/api-keys/revocation/"),
    "audit_logs_verification_create": lambda w: w.send(
        "post", "/api/v1/audit-logs/verification/", {}
    ),
    "auth_token_create": _signed_in,
    "auth_token_refresh_create": _token("refresh"),
    "auth_token_revoke_create": _token("revoke"),
    "configs_partial_update": _configs,
    "configs_update": _set,
    "configs_destroy": _reset,
    "configs_rollback_create": _rolled_back,
    "files_create": lambda w: _upload(
        w, "/api/v1/files/", file=SimpleUploadedFile("note.txt", b"a note", "text/plain")
    ),
    "files_partial_update": lambda w: w.send(
        "patch", f"/api/v1/files/{w.key('file')}/", {"is_public": True}
    ),
    "files_destroy": lambda w: w.send("delete", f"/api/v1/files/{w.key('file')}/"),
    "files_links_create": lambda w: w.send("post", f"/api/v1/files/{w.key('file')}/links/", {}),
    "generation_jobs_create": lambda w: _upload(
        w,
        "/api/v1/generation-jobs/",
        upload=SimpleUploadedFile("export.zip", sample.archive(), "application/zip"),
    ),
    "generation_jobs_cancellation_create": lambda w: w.send(
        "post", f"/api/v1/generation-jobs/{w.key('job')}/cancellation/"
    ),
    "invitations_acceptance_create": _answer("acceptance"),
    "invitations_refusal_create": _answer("refusal"),
    "me_partial_update": lambda w: w.send("patch", "/api/v1/me/", {"bio": "writes"}),
    "me_destroy": lambda w: w.send("delete", "/api/v1/me/", by=w.charlie),
    "me_notices_partial_update": lambda w: w.send(
        "patch",
        "/api/v1/me/notices/",
        {"notices": [{"notice": "new_device", "by_mail": False, "in_app": True}]},
    ),
    "me_picture_create": _picture,
    "me_picture_destroy": lambda w: (_picture(w), w.send("delete", "/api/v1/me/picture/"))[1],
    "me_reauthentication_create": lambda w: w.send(
        "post", "/api/v1/me/reauthentication/", {"password": PASSWORD}
    ),
    "me_services_destroy": lambda w: w.send("delete", f"/api/v1/me/services/{w.key('service')}/"),
    "me_sessions_destroy": lambda w: w.send("delete", f"/api/v1/me/sessions/{_session(w)}/"),
    "me_sessions_revocation_create": lambda w: (
        _session(w),
        w.send("post", "/api/v1/me/sessions/revocation/"),
    )[1],
    "me_settings_partial_update": lambda w: w.send(
        "patch", "/api/v1/me/settings/", {"theme": "light"}
    ),
    "projects_create": lambda w: w.send("post", "/api/v1/projects/", {"name": "new"}),
    "projects_partial_update": lambda w: _tagged(
        w, "patch", f"/api/v1/projects/{w.key('project')}/", {"name": "renamed"}
    ),
    "projects_destroy": lambda w: _project(w, "delete"),
    "roles_create": lambda w: w.send("post", "/api/v1/roles/", {"name": "new"}),
    "roles_partial_update": lambda w: _tagged(
        w, "patch", f"/api/v1/roles/{w.key('role')}/", {"name": "renamed"}
    ),
    "roles_destroy": lambda w: w.send("delete", f"/api/v1/roles/{w.key('role')}/"),
    "tasks_create": lambda w: w.send("post", "/api/v1/tasks/", {"type": "rig.echo"}),
    "tasks_partial_update": lambda w: _task(w, "patch", "", {"priority": 60}),
    "tasks_cancellation_create": lambda w: _task(w, "post", "cancellation/", {}),
    "tasks_retry_create": _ended_task,
    "workspaces_create": lambda w: w.send("post", "/api/v1/workspaces/", {"name": "new"}),
    "workspaces_partial_update": lambda w: _tagged(w, "patch", _address(w), {"name": "renamed"}),
    "workspaces_destroy": lambda w: w.send("delete", _address(w)),
    "workspaces_conversion_create": lambda w: w.send(
        "post", f"/api/v1/workspaces/{w.charlie.workspace.pk}/conversion/", by=w.charlie
    ),
    "workspaces_departure_create": lambda w: w.send("post", _address(w, "departure/"), by=w.bob),
    "workspaces_invitations_create": lambda w: w.send(
        "post", _address(w, "invitations/"), {"email": "new@example.com", "role": _viewer(w)}
    ),
    "workspaces_invitations_destroy": lambda w: w.send(
        "delete", _address(w, f"invitations/{w.key('invitation')}/")
    ),
    "workspaces_invitations_delivery_create": lambda w: w.send(
        "post", _address(w, f"invitations/{w.key('invitation')}/delivery/")
    ),
    "workspaces_members_partial_update": lambda w: _tagged(
        w, "patch", _address(w, f"members/{w.bob.user.pk}/"), {"roles": [_viewer(w)]}
    ),
    "workspaces_members_destroy": lambda w: w.send(
        "delete", _address(w, f"members/{w.bob.user.pk}/")
    ),
    "workspaces_restoration_create": _deleting,
    "workspaces_transfer_create": lambda w: w.send(
        "post", _address(w, "transfer/"), {"user_id": str(w.bob.user.pk)}
    ),
    "workspaces_transfer_destroy": lambda w: (
        _offer(w),
        w.send("delete", _address(w, "transfer/")),
    )[1],
    "workspaces_transfer_acceptance_create": lambda w: (
        _offer(w),
        w.send("post", _address(w, "transfer/acceptance/"), by=w.bob),
    )[1],
}
# Operations that need a job that has run; `tests/taishang/generation` runs them, and looks at their rows.
WITH_A_JOB = {
    "generation_jobs_destroy",
    "generation_jobs_application_create",
    "generation_jobs_application_destroy",
    "generation_jobs_revisions_create",
    "projects_versions_reversal_create",
}


def _rows(trace: str) -> list[AuditLog]:
    with tenancy.platform_scope(reason="test"):
        found = AuditLog.objects.filter(trace_id=trace)
        return list(found.exclude(action="platform_scope.entered").order_by("pk"))


def _tells(row: AuditLog) -> bool:
    """Who, by which request, to what."""
    return bool(row.actor != "anonymous" and row.trace_id and row.resource_type and row.resource_id)


def test_every_unsafe_operation_is_called_here():
    assert {one.name for one in UNSAFE} == set(CALLS) | WITH_A_JOB


@pytest.mark.parametrize("name", sorted(set(CALLS) - set(EXCEPTIONS)))
def test_an_operation_leaves_a_row(world, name):
    answer = CALLS[name](world)
    assert answer.status_code < 300, answer.content

    rows = _rows(world.trace)

    assert rows, f"{name} leaves no row"
    assert all(_tells(row) for row in rows)


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_an_exception_still_needs_to_be_one(world, name):
    answer = CALLS[name](world)
    assert answer.status_code < 300, answer.content

    assert not _rows(world.trace), f"{name} leaves a row now: take it off the list"


def test_the_list_of_exceptions_only_shrinks():
    assert len(EXCEPTIONS) <= MOST_EXCEPTIONS
    assert all(reason for reason in EXCEPTIONS.values())
    assert set(EXCEPTIONS) <= {one.name for one in UNSAFE}
