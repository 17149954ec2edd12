import pytest

from accounts import tenancy
from accounts.tenancy import Context
from querygpt.execution.pool import pool
from tests import factories
from tests.querygpt import lent
from tests.rig import foreign


@pytest.fixture
def inside(alice):
    """Inside alice's workspace, as alice."""
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        yield alice


@pytest.fixture
def lender(committed):
    """Somebody whose rows are committed, for what waits outside transactions."""
    return factories.person("lender")


@pytest.fixture
def acting(lender):
    """In the lender's workspace as far as nobody opens a transaction; opened for each piece of work."""
    with tenancy.adopted(Context(user_id=lender.user.id, workspace_id=lender.workspace.id)):
        yield lender


@pytest.fixture(scope="session", autouse=True)
def _no_children_left():
    yield
    pool.close()


@pytest.fixture(scope="session")
def postgresql_server():
    with foreign.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server():
    if not foreign.has_mariadb():
        pytest.skip("NOT PROVEN HERE: mariadbd is missing (make databases)")
    with foreign.mariadb() as server:
        yield server


@pytest.fixture
def shop_file(lender, tmp_path):
    """A connection to a SQLite file with the small shop."""
    with tenancy.workspace(lender.workspace.id, user_id=lender.user.id):
        return lent.file(lender, foreign.SHOP, tmp_path)


@pytest.fixture
def shop_postgresql(lender, postgresql_server):
    with tenancy.workspace(lender.workspace.id, user_id=lender.user.id):
        made = lent.server(lender, "postgresql", postgresql_server.port)
    with lent.opened(lender, postgresql_server.port):
        yield made


@pytest.fixture
def shop_mariadb(lender, mariadb_server):
    with tenancy.workspace(lender.workspace.id, user_id=lender.user.id):
        made = lent.server(lender, "mysql", mariadb_server.port, flavour="mariadb")
    with lent.opened(lender, mariadb_server.port):
        yield made
