"""Short ways to call the API as a program."""

from typing import Any

from django.test import Client

from tests.factories import PASSWORD, Person

JSON = "application/json"


class Program:
    """A client with a bearer credential and, if given, a workspace."""

    def __init__(self, credential: str = "", workspace_id: int | None = None) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        if workspace_id is not None:
            self.headers["X-Workspace-Id"] = str(workspace_id)

    def call(self, method: str, path: str, data: Any = None, **headers: str):
        options = {} if data is None else {"data": data, "content_type": JSON}
        return getattr(self.client, method)(path, headers={**self.headers, **headers}, **options)

    def get(self, path: str, **headers: str):
        return self.call("get", path, **headers)

    def post(self, path: str, data: Any = None, **headers: str):
        return self.call("post", path, data or {}, **headers)

    def patch(self, path: str, data: Any, **headers: str):
        return self.call("patch", path, data, **headers)

    def delete(self, path: str, **headers: str):
        return self.call("delete", path, **headers)


def sign_in(person: Person) -> dict[str, Any]:
    body = {"login": person.user.username, "password": PASSWORD}
    response = Client().post("/api/v1/auth/token/", body, content_type=JSON)
    assert response.status_code == 200, response.content
    return response.json()


def program(person: Person) -> Program:
    """A program that works in the person's workspace."""
    return Program(sign_in(person)["access"], person.workspace.id)


def assert_problem(response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["code"] == code
    return body
