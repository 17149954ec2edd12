"""The front door, as a browser uses it."""

from django.http import HttpResponse
from django.test import Client

from tests import factories


def sign_in(
    login: str, password: str = factories.PASSWORD, client: Client | None = None
) -> tuple[Client, HttpResponse]:
    client = client or Client()
    return client, client.post("/accounts/login/", {"login": login, "password": password})


def is_signed_in(client: Client) -> bool:
    return client.get("/api/v1/me/").status_code == 200
