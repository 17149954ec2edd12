"""Each rule matters: taken away, statements pass that it alone refuses."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from querygpt import guard
from querygpt.catalogue import Catalogue
from querygpt.guard import checking
from querygpt.guard.verdict import Refused
from tests.querygpt.guard import corpora

# What no other rule would catch; `too_deep` and `too_long` are built below.
ALONE = {
    "bad_text": ("postgresql", "SELECT 'a\u202eb'"),
    "executable_comment": ("mysql", "SELECT 1 /*! , SLEEP(10) */"),
    "locking": ("mysql", "SELECT id FROM orders FOR UPDATE"),
    "variable": ("sqlite", "SELECT :name"),
    "function_forbidden": ("mysql", "SELECT SLEEP(10)"),
    "function_unknown": ("mysql", "SELECT evil()"),
    "table_function": ("mysql", "SELECT * FROM JSON_LENGTH('[]') AS x"),
    "relation_system": ("mysql", "SELECT * FROM mysql.user"),
    "relation_unknown": ("mysql", "SELECT id FROM secrets"),
    "relation_denied": ("mysql", "SELECT id FROM kept_back"),
    "column_unknown": ("postgresql", "SELECT o.pg_sleep FROM orders o"),
    "column_denied": ("mysql", "SELECT hidden FROM partly"),
    "type_forbidden": ("postgresql", "SELECT 'pg_shadow'::mytype"),
    "node_not_allowed": ("mysql", "SELECT SQL_CALC_FOUND_ROWS id FROM orders"),
    "not_a_query": ("postgresql", "EXPLAIN ANALYZE SELECT id FROM orders"),
    "write_inside": ("mysql", "WITH x AS (DELETE FROM orders) SELECT 1"),
}
CATALOGUE = Catalogue.from_dict(
    {
        **corpora.CATALOGUE.to_dict(),
        "tables": [
            *corpora.CATALOGUE.to_dict()["tables"],
            {"name": "kept_back", "columns": [{"name": "id"}], "is_denied": True},
            {
                "name": "partly",
                "columns": [{"name": "id"}, {"name": "hidden", "is_hidden": True}],
            },
        ],
    }
)


def modules() -> Iterator[object]:
    for found in pkgutil.walk_packages(guard.__path__, "querygpt.guard."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


@pytest.fixture
def without(monkeypatch):
    """Takes rules away inside this test; the product has no switch for it."""

    def take(*rules: str) -> None:
        def lenient(rule: str, detail: str) -> None:
            if rule not in rules:
                raise Refused(rule, detail)

        for module in modules():
            if hasattr(module, "refuse"):
                monkeypatch.setattr(module, "refuse", lenient)

    return take


def rule_of(dialect: str, sql: str) -> str:
    return guard.check(sql=sql, dialect=dialect, catalogue=CATALOGUE).rule


@pytest.mark.parametrize("rule", sorted(ALONE))
def test_without_the_rule_its_statement_passes(rule, without):
    dialect, sql = ALONE[rule]
    assert rule_of(dialect, sql) == rule

    # A function that is dangerous is unlisted too, a system's relation unknown: both layers go.
    without(rule, *BOTH.get(rule, ()))

    assert rule_of(dialect, sql) == ""


BOTH = {
    "function_forbidden": ("function_unknown",),
    "table_function": ("column_unknown",),
    "relation_system": ("relation_unknown",),
    "type_forbidden": ("second_parser",),
    "write_inside": ("node_not_allowed", "rendering", "relation_unknown"),
}


def test_without_the_length_a_longer_text_passes(without):
    sql = "SELECT '" + "x" * 33_000 + "'"
    assert rule_of("mysql", sql) == "too_long"
    without("too_long")
    assert rule_of("mysql", sql) == ""


def test_without_the_depth_a_deeper_text_passes(without):
    sql = "SELECT " + "(" * 70 + "1" + ")" * 70
    assert rule_of("mysql", sql) == "too_deep"
    without("too_deep")
    assert rule_of("mysql", sql) == ""


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_the_engine_s_own_parser_stops_what_every_other_rule_lets_pass(dialect, without):
    """Each of the deeper layers alone still refuses functions, relations and settings."""
    without(*(rule for rule in guard.RULES if rule not in {"second_parser", "unparseable"}))
    statements = {
        "postgresql": [
            "SELECT pg_sleep(1)",
            "SELECT current_user",
            "SELECT id FROM orders FOR UPDATE",
            "SELECT * INTO x FROM orders",
            "WITH x AS (DELETE FROM orders RETURNING id) SELECT id FROM x",
        ],
        "sqlite": ["SELECT load_extension('x')", "SELECT * FROM sqlite_master"],
    }
    for sql in statements[dialect]:
        assert rule_of(dialect, sql) == "second_parser", sql


def test_a_rendering_that_changes_when_it_is_read_again_is_refused(monkeypatch):
    monkeypatch.setattr(checking, "_rendered", lambda query, grammar: query + " ")
    assert rule_of("mysql", "SELECT id FROM orders") == "rendering"


def test_a_crash_of_the_guard_is_a_refusal(monkeypatch):
    def crash(*_args: object, **_options: object) -> None:
        raise AttributeError("broken")

    monkeypatch.setattr(checking.functions, "check", crash)
    verdict = guard.check(sql="SELECT 1", dialect="mysql", catalogue=CATALOGUE)
    assert (verdict.allowed, verdict.rule, verdict.detail) == (
        False,
        "unparseable",
        "AttributeError",
    )


def test_an_unknown_dialect_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="oracle"):
        guard.check(sql="SELECT 1", dialect="oracle", catalogue=CATALOGUE)


@pytest.mark.parametrize("name", ["postgres", "mariadb"])
def test_other_names_of_a_dialect_are_known(name):
    assert guard.check(sql="SELECT 1", dialect=name, catalogue=CATALOGUE).allowed


def test_every_rule_has_a_statement_in_the_lists_or_here():
    seen = {case.rule for case in corpora.hostile()} | set(ALONE)
    assert set(guard.RULES) - seen <= {"too_long", "too_deep", "rendering", "second_parser"}
