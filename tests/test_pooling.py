"""What a pool does with a connection that was left in somebody's name."""

import psycopg
import pytest
from django.db import connection
from psycopg_pool import ConnectionPool

from config import pooling

OTHER_ROLE = "taishang_operator"


@pytest.fixture
def pool(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        parameters = connection.get_connection_params()
    parameters = {
        key: parameters[key]
        for key in ("dbname", "user", "password", "host", "port")
        if key in parameters
    }
    with ConnectionPool(
        kwargs={**parameters, "autocommit": True}, min_size=1, max_size=1, reset=pooling.check_in
    ) as made:
        yield made


def _backend(used: psycopg.Connection) -> int:
    return used.info.backend_pid


def test_a_connection_that_belongs_to_nobody_is_used_again(pool):
    with pool.connection() as first, first.transaction():
        before = _backend(first)
        first.execute("SELECT set_config('app.workspace_id', '1', true)")

    with pool.connection() as second:
        assert _backend(second) == before


@pytest.mark.parametrize(
    "leak",
    ["SET app.workspace_id = '1'", "SET app.user_id = 'x'", f"SET ROLE {OTHER_ROLE}"],
)
def test_a_connection_left_in_somebodys_name_is_closed(pool, leak):
    with pool.connection() as first:
        before = _backend(first)
        first.execute(leak)

    with pool.connection() as second:
        assert _backend(second) != before
        assert second.execute(pooling.QUESTION).fetchone() == (True,)
