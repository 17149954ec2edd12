"""Settings that follow from where an installation stands: behind a proxy, beside a database of somebody's own."""

import pytest
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory

from config import settings as settings_module


def test_health_is_told_over_plain_http_behind_a_proxy(settings):
    settings.SECURE_SSL_REDIRECT = True
    ask = SecurityMiddleware(lambda _request: HttpResponse())

    answers = [ask(RequestFactory().get(path)).status_code for path in ("/healthz", "/readyz", "/")]

    assert answers == [200, 200, 301]


@pytest.mark.parametrize("query", ["", "?sslmode=verify-full"])
def test_what_follows_an_address_of_a_database_is_kept(monkeypatch, query):
    monkeypatch.setattr(settings_module, "DATABASE_EMBEDDED", False)

    options = settings_module._database("taishang_app", f"postgresql://a:b@db:5432/x{query}")[
        "OPTIONS"
    ]

    assert options.get("sslmode", "") == query.removeprefix("?sslmode=")
    assert options["application_name"] == "taishang-taishang_app"
