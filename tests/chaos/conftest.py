import pytest
from pytest_django.plugin import DjangoDbBlocker

from accounts import breaker, tenancy
from accounts import cache as caching
from accounts.models import User, Workspace
from taishang.models import Task
from tests import factories
from tests.conftest import REAL_PATIENCE, set_patience
from tests.rig.installation import Installation
from tests.taishang.conftest import Bench


@pytest.fixture(autouse=True)
def real_patience():
    """Here the absence of Redis is what is measured."""
    before = (caching.CONNECT_SECONDS, caching.CALL_SECONDS, breaker.BUDGET_SECONDS)
    set_patience(*REAL_PATIENCE)
    # What an earlier test waited for is not this one's.
    breaker.start_budget()
    yield
    set_patience(*before)


@pytest.fixture(scope="session")
def _installation(tmp_path_factory):
    made = Installation(tmp_path_factory.mktemp("chaos"))
    made.create()
    yield made
    made.drop()


@pytest.fixture
def installation(_installation: Installation, django_db_blocker: DjangoDbBlocker):
    with django_db_blocker.unblock(), _installation.connected():
        yield _installation
        _installation.clear()


@pytest.fixture
def floor(installation: Installation) -> Bench:
    """Alice in the installation that real workers serve."""
    return Bench(_somebody("alice"))


@pytest.fixture
def other_floor(installation: Installation) -> Bench:
    return Bench(_somebody("charlie"))


def _somebody(name: str) -> factories.Person:
    user = User.objects.filter(username=name).first()
    if user is None:
        return factories.person(name)
    with tenancy.user(user.id):
        return factories.Person(user, Workspace.objects.get(owner=user))


def states(bench: Bench) -> dict[str, int]:
    """How many of alice's tasks are in which state."""
    found: dict[str, int] = {}
    with bench.inside():
        for state in Task.objects.values_list("state", flat=True):
            found[state] = found.get(state, 0) + 1
    return found
