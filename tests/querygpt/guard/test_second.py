"""Where the engine's own parser is missing the guard asks its own twice, and says so."""

import pytest

from querygpt import checks, guard
from querygpt.guard import second
from tests.querygpt.guard import corpora


@pytest.fixture
def no_pglast(monkeypatch):
    for module in (second, checks):
        monkeypatch.setattr(module, "find_spec", lambda name: None)


def test_a_missing_parser_is_a_warning(no_pglast):
    assert [found.id for found in checks.postgresql_has_its_own_parser()] == ["querygpt.W002"]


def test_an_installed_parser_is_none():
    assert checks.postgresql_has_its_own_parser() == []


def test_without_it_the_rules_stay(no_pglast):
    def rule(sql: str) -> str:
        return guard.check(sql=sql, dialect="postgresql", catalogue=corpora.CATALOGUE).rule

    assert rule("SELECT id FROM orders") == ""
    assert rule("SELECT pg_sleep(1)") == "function_forbidden"
