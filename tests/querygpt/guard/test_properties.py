"""Any SELECT over the shop is allowed and stays stable; any damage to a statement is a verdict, never a crash."""

import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from querygpt import guard
from tests.querygpt.guard import corpora

DIALECTS = st.sampled_from(["postgresql", "mysql", "sqlite"])
TABLES = {
    table.name: table
    for table in corpora.CATALOGUE.tables
    if table.name.isascii() and " " not in table.name
}
SETTINGS = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
# Pieces that matter to a parser more than random letters do.
PIECES = st.sampled_from(
    ["'", '"', "`", "(", ")", "/*", "*/", "--", "#", ";", "\\", "$$", "::", "@", "?", " INTO ", " FOR UPDATE",
     "pg_sleep(1)", "/*!", "\x00", "\u202e", "U&", "{#", "[", "]", ",", ".", "DELETE", "\n", "0x", "E'"]
)  # fmt: skip


@st.composite
def expressions(draw, alias, table, depth=2):
    """A number, a text or a column of `table`, in operators and functions that all engines know."""
    column = draw(st.sampled_from([one.name for one in table.columns]))
    leaf = draw(st.sampled_from(["7", "'it''s'", f"{alias}.{column}", column, "NULL"]))
    if depth == 0:
        return leaf
    inner = draw(expressions(alias, table, depth - 1))
    shape = draw(
        st.sampled_from(
            ["{a}", "({a})", "COALESCE({a}, {b})", "CASE WHEN {a} = {b} THEN {a} ELSE {b} END", "COUNT({a})",
             "NULLIF({a}, {b})", "({a} IS NULL)", "({a} IN ({b}, 3))", "({a} BETWEEN 1 AND {b})",
             "(SELECT MAX({a}) FROM orders)", "ROW_NUMBER() OVER (ORDER BY {a})", "- ({a})", "({a} + {b})"]
        )
    )  # fmt: skip
    return shape.format(a=inner, b=leaf)


@st.composite
def selects(draw):
    table = TABLES[draw(st.sampled_from(sorted(TABLES)))]
    items = draw(st.lists(expressions("t", table), min_size=1, max_size=4))
    parts = [f"SELECT {', '.join(items)} FROM {table.name} AS t"]
    if draw(st.booleans()):
        parts.append("LEFT JOIN customers AS c ON c.id = 1")
    if draw(st.booleans()):
        parts.append(f"WHERE {draw(expressions('t', table))} IS NOT NULL")
    if draw(st.booleans()):
        parts.append(f"ORDER BY {draw(expressions('t', table, 1))} DESC")
    if draw(st.booleans()):
        parts.append(f"LIMIT {draw(st.integers(0, 5000))}")
    statement = " ".join(parts)
    return f"WITH x AS ({statement}) SELECT * FROM x" if draw(st.booleans()) else statement


@SETTINGS
@given(sql=selects(), dialect=DIALECTS)
def test_any_select_over_known_tables_is_allowed_and_stable(sql, dialect):
    verdict = guard.check(sql=sql, dialect=dialect, catalogue=corpora.CATALOGUE)
    assert verdict.allowed, f"{sql}: {verdict.rule} {verdict.detail}"
    again = guard.check(sql=verdict.sql, dialect=dialect, catalogue=corpora.CATALOGUE)
    assert again.sql == verdict.sql


@SETTINGS
@given(
    case=st.sampled_from(corpora.legitimate() + corpora.hostile()),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), PIECES | st.text(max_size=3)), max_size=4),
)  # fmt: skip
def test_any_damage_is_judged_in_time(case, changes):
    sql = case.sql
    for place, cut, piece in changes:
        at = int(place * len(sql))
        sql = sql[:at] + piece + sql[at + cut :]
    started = time.process_time()
    verdict = guard.check(sql=sql, dialect=case.dialect, catalogue=corpora.CATALOGUE)
    assert time.process_time() - started < 1.0
    assert verdict.allowed == (verdict.rule == "")
    assert verdict.rule in (*guard.RULES, "")
    if verdict.allowed:
        names = {function.lower() for function in verdict.functions}
        assert not names & {"pg_sleep", "sleep", "load_extension", "pg_read_file"}
        assert set(verdict.relations) <= {table.name for table in corpora.CATALOGUE.tables}


@SETTINGS
@given(sql=st.text(max_size=200), dialect=DIALECTS)
def test_any_text_is_judged(sql, dialect):
    verdict = guard.check(sql=sql, dialect=dialect, catalogue=corpora.CATALOGUE)
    assert verdict.allowed or verdict.rule
