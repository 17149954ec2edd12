"""What is listed exists nowhere on the other list, and PostgreSQL itself calls little of it volatile."""

import pytest
from django.db import connection

from querygpt.guard.dialects import grammar

NAMES = ("postgresql", "mysql", "sqlite", "duckdb")
# Random numbers, the clock and new ids: they read nothing and change nothing.
VOLATILE = {
    "array_sample",
    "array_shuffle",
    "clock_timestamp",
    "gen_random_uuid",
    "random",
    "random_normal",
    "timeofday",
    "uuidv4",
    "uuidv7",
}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_both_allowed_and_forbidden(name):
    found = grammar(name)
    assert [one for one in found.functions if found.is_forbidden(one)] == []
    assert found.table_functions <= found.functions


@pytest.mark.django_db
def test_few_listed_functions_are_volatile():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT proname FROM pg_catalog.pg_proc"
            " WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v'"
        )
        volatile = {name for (name,) in cursor.fetchall()}
    assert "pg_sleep" in volatile
    assert grammar("postgresql").functions & volatile == VOLATILE
    assert len(VOLATILE) <= 10


@pytest.mark.django_db
def test_every_volatile_function_that_can_harm_is_known_to_be_dangerous():
    """Default deny holds for all; these are also named as what they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT proname FROM pg_catalog.pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
            " AND provolatile = 'v' AND proname ~ '(file|ls_|lock|sleep|setval|nextval|terminate|xml|lo_|slot|wal)'"
        )
        found = {name for (name,) in cursor.fetchall()}
    listed = grammar("postgresql")
    assert [name for name in sorted(found - VOLATILE) if not listed.is_forbidden(name)] == []
