"""The suite's world: real PostgreSQL and Valkey, the application's database role, and four people.

`alice` owns a workspace, `bob` is her colleague with a lesser role, `charlie` is a stranger, `olga` operates
the platform. Tables are migrated once by the owner role; tests run as the application role.
"""

import math
import os
import secrets
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from pytest_django.plugin import DjangoDbBlocker

from accounts import breaker, limits, tenancy
from accounts import cache as caching
from accounts.models import User, Workspace
from laojun.models import PluginInstance
from taishang.models import ModelCall, Task, UsageDay
from tests import factories
from tests.rig import databases

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")


REAL_PATIENCE = (caching.CONNECT_SECONDS, caching.CALL_SECONDS, breaker.BUDGET_SECONDS)


def pytest_configure() -> None:
    """A busy machine is not a dead Redis: only the tests of its absence keep the real patience."""
    set_patience(2.0, 2.0, math.inf)
    if WORKER != "main":
        # One worker's sweep must not take what another one has just stored.
        settings.STORAGES["default"]["OPTIONS"]["location"] = settings.DATA_DIR / f"files-{WORKER}"


def set_patience(connect: float, call: float, budget: float) -> None:
    """How many seconds this process waits for Redis: to connect, for a reply, in one request."""
    caching.CONNECT_SECONDS, caching.CALL_SECONDS, breaker.BUDGET_SECONDS = connect, call, budget


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Databases are named below, one for each parallel worker."""


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker):
    """A fresh database for this worker, migrated as the owner, used as the application role."""
    settings.SERVERS.ensure()
    name = f"test_{WORKER}_{os.getpid()}_{secrets.token_hex(3)}"
    databases.make(name)
    for alias in connections:
        connections[alias].settings_dict["NAME"] = name
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        yield
        for alias in connections:
            connections[alias].close()
            if connections[alias].settings_dict["OPTIONS"].get("pool"):
                connections[alias].close_pool()
    databases.drop(name)


@pytest.fixture(autouse=True)
def _own_cache_prefix() -> None:
    """No test sees what another one cached."""
    cache.key_prefix = f"test-{WORKER}-{secrets.token_hex(6)}"
    limits.forget()
    limits._seen.clear()


ENVELOPE = (
    "BEGIN",
    "COMMIT",
    "SAVEPOINT",
    "RELEASE SAVEPOINT",
    "ROLLBACK TO SAVEPOINT",
    "SELECT set_config('app.workspace_id'",
    # Live settings, looked at by a process at most once a second whatever the number of requests.
    "SELECT COALESCE((SELECT generation FROM lao_config_generations",
)


@pytest.fixture
def at_most():
    """`with at_most(3):` counts a request's statements, without those that open, nest and close its transaction."""

    @contextmanager
    def counted(limit: int):
        with CaptureQueriesContext(connection) as captured:
            yield
        sent = [
            entry["sql"] for entry in captured if not entry["sql"].lstrip().startswith(ENVELOPE)
        ]
        assert len(sent) <= limit, "\n".join(sent)

    return counted


@pytest.fixture
def committed(django_db_setup, django_db_blocker):
    """For tests of several connections: what is written is committed, and removed at the end."""
    with django_db_blocker.unblock():
        yield
        with tenancy.platform_scope(reason="tests: remove what was committed"):
            Task.objects.all().delete()
            PluginInstance.objects.all().delete()
            ModelCall.objects.all().delete()
            UsageDay.objects.all().delete()
            # Histories that are kept go with their workspace alone.
            Workspace.objects.update(status=Workspace.Status.DELETING)
            Workspace.objects.all().delete()
            User.objects.all().delete()
        connection.close()


@pytest.fixture
def alice(db) -> factories.Person:
    return factories.person("alice")


@pytest.fixture
def bob(db, alice) -> factories.Person:
    """A colleague: editor in alice's workspace."""
    return factories.colleague("bob", of=alice, role="editor")


@pytest.fixture
def charlie(db) -> factories.Person:
    return factories.person("charlie")


@pytest.fixture
def olga(db) -> factories.Person:
    return factories.person("olga", staff=True)
