"""Is it alive, and is it ready? For load balancers and operators; details are for operators only."""

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import authentication, tenancy
from accounts.web.access import public

WORKER_TABLE = "tai_workers"
WORKER_SILENCE_SECONDS = 60
OK, DEGRADED, FAILED = "ok", "degraded", "failed"


@public
@never_cache
@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers. Asks nothing of anybody, so that a slow database restarts no web process."""
    return JsonResponse({"status": OK})


@public
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Whether requests can be served. Redis and workers degrade the service; only the database stops it."""
    checks = {"database": _database()}
    if checks["database"] == OK:
        checks |= {"migrations": _migrations(), "workers": _workers()}
    checks["cache"] = checks["broker"] = _cache()
    status = max(checks.values(), key=[OK, DEGRADED, FAILED].index)
    body: dict[str, object] = {"status": status}
    if checks["database"] == OK and _is_staff(request):
        body["checks"] = checks
    return JsonResponse(body, status=503 if status == FAILED else 200)


def _database() -> str:
    return _asked(lambda: _scalar("SELECT 1") == 1)


def _migrations() -> str:
    """Whether the schema is the code's. The application role may read the list, never change it."""

    def complete() -> bool:
        executor = MigrationExecutor(connection)
        applied = MigrationRecorder(connection).applied_migrations()
        return all(key in applied for key in executor.loader.graph.nodes)

    return _asked(complete)


def _workers() -> str:
    """Whether a worker gave a sign of life lately; an installation without tasks has no such table."""
    if _scalar("SELECT to_regclass(%s)::text", [WORKER_TABLE]) is None:
        return OK
    # Workers belong to no workspace: the application's own role sees none of them.
    with tenancy.dispatcher_scope():
        alive_workers = _scalar(
            "SELECT count(*) FROM tai_workers WHERE stopped_at IS NULL"
            " AND heartbeat_at > now() - make_interval(secs => %s)",
            [WORKER_SILENCE_SECONDS],
        )
    return OK if alive_workers else DEGRADED


def _cache() -> str:
    return DEGRADED if cache.is_away() else OK  # type: ignore[attr-defined]


def _asked(question: Callable[[], bool]) -> str:
    try:
        with transaction.atomic():
            return OK if question() else FAILED
    except DatabaseError:
        return FAILED


def _scalar(statement: str, parameters: list[Any] | None = None) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    return row[0] if row else None


def _is_staff(request: HttpRequest) -> bool:
    with transaction.atomic():
        user = authentication.authenticate(request).user
    return user is not None and user.is_staff
