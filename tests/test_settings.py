"""Settings that follow from where an installation stands: behind a proxy, beside a database of somebody's own."""

import pytest
from django.db import connections
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory

from config import settings as settings_module
from laojun.backups import programs, sources


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


def test_programs_of_postgresql_demand_what_the_address_demands(monkeypatch, tmp_path):
    demanded = {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem", "connect_timeout": 5}
    monkeypatch.setitem(connections["backup"].settings_dict, "OPTIONS", demanded)
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$PGSSLMODE $PGSSLROOTCERT" >&2; exit 1\n')
    program.chmod(0o700)

    with pytest.raises(programs.ProgramFailed, match=r"^verify-full /etc/ca\.pem$"):
        programs.run(program, sign_in=sources.sign_in())
