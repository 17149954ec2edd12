"""A real server with an owner and a viewer in it, and things that both of them know."""

import os
from dataclasses import dataclass

import httpx
import pytest

from tests import factories
from tests.factories import PASSWORD, Person
from tests.rig.installation import Installation

# Locally a sample; `make fuzz` asks for more.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))


@dataclass
class Caller:
    """Somebody who sends requests, with ids that lead to something."""

    address: str
    headers: dict[str, str]
    ids: dict[str, object]


@pytest.fixture(scope="session")
def server(tmp_path_factory, django_db_blocker):
    installation = Installation(tmp_path_factory.mktemp("fuzz"))
    installation.create()
    with django_db_blocker.unblock(), installation.connected():
        owner = factories.person("fuzzowner")
        viewer = factories.colleague("fuzzviewer", of=owner, role="viewer")
        yield installation.web(), owner, viewer
        installation.drop()


@pytest.fixture(scope="session", params=["owner", "viewer"])
def caller(request, server) -> Caller:
    address, owner, viewer = server
    person = owner if request.param == "owner" else viewer
    headers = signed_in(address, person) | {"X-Workspace-Id": str(owner.workspace.id)}
    ids = {"workspace_id": owner.workspace.id, "user_id": str(viewer.user.id)}
    with httpx.Client(base_url=address, headers=signed_in(address, owner)) as http:
        http.headers["X-Workspace-Id"] = str(owner.workspace.id)
        ids |= made(http)
    return Caller(address, headers, ids)


def signed_in(address: str, person: Person) -> dict[str, str]:
    """A token of a session of its own: the one that is tested must not be ended by its own requests."""
    body = {"login": person.user.username, "password": PASSWORD}
    reply = httpx.post(f"{address}/api/v1/auth/token/", json=body)
    return {"Authorization": f"Bearer {reply.json()['access']}"}


def made(http: httpx.Client) -> dict[str, object]:
    """One of each kind of thing that can be made by a request."""
    role = http.post("/api/v1/roles/", json={"name": os.urandom(4).hex()})
    project = http.post("/api/v1/projects/", json={"name": os.urandom(4).hex()})
    file = http.post("/api/v1/files/", files={"file": ("note.txt", b"a note", "text/plain")})
    task = http.get("/api/v1/audit-logs/").json()["results"]
    for reply in (role, project, file):
        assert reply.status_code == 201, reply.text
    return {
        "role_id": role.json()["id"],
        "project_id": project.json()["id"],
        "file_id": file.json()["id"],
        "row_id": task[0]["id"] if task else 1,
        "key": "storage.max_file_size",
    }
