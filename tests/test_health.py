"""Signs of health: for load balancers without details, for operators with them."""

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from accounts import authentication, tenancy
from taishang.models import Worker


def test_the_process_answers_without_asking_the_database(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = Client().get("/healthz")

    assert response.json() == {"status": "ok"}


def test_anonymous_learns_only_whether_it_is_ready(db):
    assert set(Client().get("/readyz").json()) == {"status"}


def test_an_operator_learns_what_is_missing(olga):
    checks = olga.get("/readyz").json()["checks"]

    assert checks["database"] == "ok"
    assert checks["migrations"] == "ok"
    assert set(checks) == {"database", "migrations", "workers", "cache", "broker"}


def test_a_worker_that_lives_makes_it_ready_and_one_that_left_does_not(olga):
    with tenancy.dispatcher_scope():
        Worker.objects.create(host="here", pid=1, queues=["default"], slots=2)
    assert olga.get("/readyz").json()["checks"]["workers"] == "ok"

    with tenancy.dispatcher_scope():
        Worker.objects.update(stopped_at=timezone.now())

    assert olga.get("/readyz").json()["checks"]["workers"] == "degraded"


def test_a_colleague_is_no_operator(alice):
    assert "checks" not in alice.get("/readyz").json()


def test_without_redis_it_is_ready_and_degraded(olga, monkeypatch):
    monkeypatch.setattr(cache, "is_away", lambda: True, raising=False)

    response = olga.get("/readyz")

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"


def test_without_a_migration_it_is_not_ready(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE taishang_operator")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'accounts'")

    assert Client().get("/readyz").status_code == 503


@pytest.mark.parametrize("path", ["/api/v1/me/", "/security/"])
def test_without_a_database_the_answer_is_503_at_once(db, monkeypatch, path):
    def away(_request):
        raise OperationalError("connection to 10.1.2.3 refused")

    monkeypatch.setattr(authentication, "authenticate", away)

    response = Client().get(path)

    assert response.status_code == 503
    assert response["Retry-After"]
    assert b"10.1.2.3" not in response.content
    if path.startswith("/api/"):
        assert response.json()["code"] == "database_unavailable"
