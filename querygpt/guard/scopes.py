"""Which relation and which column every name means.

A name of a CTE is one only where the engine sees it: not inside itself unless RECURSIVE, not outside the query that
has it. PostgreSQL calls functions by `t.f` where `t` has no column `f`, so a qualified name must be a column.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from querygpt import catalogue as known
from querygpt.guard.dialects import HOME_SCHEMAS, Grammar
from querygpt.guard.names import folded, function_name, key
from querygpt.guard.sources import (
    FUNCTION_COLUMNS,
    Level,
    Source,
    answered,
    is_star,
    renamed,
    renamed_hidden,
    visible,
)
from querygpt.guard.verdict import refuse

QUERIES = (exp.Select, exp.SetOperation, exp.Values)
ROW_NAMES = {
    "sqlite": frozenset({"rowid", "oid", "_rowid_"}),
    "duckdb": frozenset({"rowid"}),
    "mysql": frozenset(),
    "postgresql": frozenset(),
}
Ctes = Mapping[str, Source]


class Resolver:
    """Walks one tree and collects `relations` and `columns`. Raises Refused."""

    def __init__(self, *, grammar: Grammar, catalogue: known.Catalogue) -> None:
        self.grammar = grammar
        self.dialect = grammar.name
        self.relations: set[str] = set()
        self.columns: set[str] = set()
        self.tables: dict[str, list[known.Table]] = {}
        for table in catalogue.tables:
            self.tables.setdefault(key(table.name, dialect=self.dialect), []).append(table)
        self.real_columns = {
            key(column.name, dialect=self.dialect)
            for table in catalogue.tables
            for column in table.columns
        }

    def resolve(self, tree: exp.Expr) -> None:
        """Raises Refused `relation_…` and `column_…`."""
        self._query(tree, {}, None)

    def relation(self, node: exp.Table) -> None:
        """One table that stands by itself. Raises Refused `relation_…`."""
        self._real(node, folded(node.this, dialect=self.dialect))

    # Queries

    def _query(self, node: exp.Expr, ctes: Ctes, outer: Level | None) -> tuple[str, ...] | None:
        """The names of the columns that a query answers, None when they cannot be told."""
        ctes = self._with(node, ctes, outer)
        if isinstance(node, exp.Subquery):
            return self._subquery(node, ctes, outer)
        if isinstance(node, exp.SetOperation):
            answered = self._query(node.this, ctes, outer)
            self._query(node.expression, ctes, outer)
            self._others(node, {"this", "expression", "with_"}, ctes, Level(outer=outer))
            return answered
        if isinstance(node, exp.Select):
            return self._select(node, ctes, outer)
        self._others(node, {"with_"}, ctes, Level(outer=outer))
        if isinstance(node, exp.Values) and self.dialect == "postgresql":
            first = node.expressions[0] if node.expressions else None
            width = len(first.expressions) if isinstance(first, exp.Tuple) else 1
            return tuple(f"column{place}" for place in range(1, width + 1))
        return None

    def _subquery(
        self, node: exp.Subquery, ctes: Ctes, outer: Level | None
    ) -> tuple[str, ...] | None:
        answered = self._query(node.this, ctes, outer)
        self._others(node, {"this", "with_", "alias"}, ctes, Level(outer=outer))
        return answered

    def _with(self, node: exp.Expr, ctes: Ctes, outer: Level | None) -> Ctes:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        seen = dict(ctes)
        recursive = bool(clause.args.get("recursive"))
        for cte in clause.expressions:
            name = folded(cte.args["alias"].this, dialect=self.dialect)
            if self.grammar.is_system("", name):
                refuse("relation_system", name)
            listed = self._listed(cte.args["alias"])
            inside = {**seen, name: Source(listed or None)} if recursive else seen
            answered = self._query(cte.this, inside, outer)
            seen[name] = Source(renamed(answered, listed))
        return seen

    def _select(self, node: exp.Select, ctes: Ctes, outer: Level | None) -> tuple[str, ...] | None:
        sources: dict[str, Source] = {}
        level = Level(sources, outer)
        places = [
            node.args.get("from_"),
            *node.args.get("joins", ()),
            *node.args.get("laterals", ()),
        ]
        for place in places:
            if place is not None:
                self._from(place, sources, ctes, level)
        for place in places:
            if place is not None:
                self._conditions(place, ctes, level)
        self._expand(node, sources)
        self._others(node, {"with_", "from_", "joins", "laterals"}, ctes, level)
        return answered(node, sources, dialect=self.dialect)

    def _expand(self, node: exp.Select, sources: Mapping[str, Source]) -> None:
        """Writes out every `*` that would show a hidden column."""
        if not any(source.hidden for source in sources.values()):
            return
        items: list[exp.Expr] = []
        for item in node.expressions:
            if not is_star(item):
                items.append(item)
                continue
            owner = folded(item.args.get("table"), dialect=self.dialect)
            for alias, source in sources.items():
                if owner in {"", alias}:
                    items.extend(visible(source))
        node.set("expressions", items)

    # FROM

    def _from(self, node: exp.Expr, sources: dict[str, Source], ctes: Ctes, level: Level) -> None:
        """Adds what `node` brings to `sources`, and reads the queries inside it."""
        if isinstance(node, (exp.From, exp.Join, exp.Paren)):
            self._from(node.this, sources, ctes, level)
        elif isinstance(node, exp.Table):
            self._table(node, sources, ctes, level)
        elif isinstance(node, exp.Subquery):
            self._derived(node, sources, ctes, level)
        elif isinstance(node, exp.Lateral):
            self._lateral(node, sources, ctes, level)
        elif isinstance(node, exp.Unnest):
            self._visit_children(node, ctes, level, skip={"alias"})
            self._add_function(node, "unnest", sources)
        elif isinstance(node, exp.Values):
            answered = self._query(node, ctes, level.outer)
            self._add(node, renamed(answered, self._listed(node.args.get("alias"))), sources)
        else:
            self._visit(node, ctes, level)
        for join in node.args.get("joins") or ():
            self._from(join, sources, ctes, level)

    def _conditions(self, node: exp.Expr, ctes: Ctes, level: Level) -> None:
        """The ON and USING of the joins in `node`, once every source has its name."""
        if isinstance(node, exp.Join):
            self._using(node, level)
            self._others(node, {"this", "using"}, ctes, level)
        inner = node.this if isinstance(node, (exp.From, exp.Join, exp.Paren)) else None
        if isinstance(inner, exp.Expr):
            self._conditions(inner, ctes, level)
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            self._conditions(node.this, ctes, level)
        for join in node.args.get("joins") or ():
            self._conditions(join, ctes, level)

    def _using(self, join: exp.Join, level: Level) -> None:
        for name in join.args.get("using") or ():
            column = folded(
                name if isinstance(name, exp.Identifier) else name.this, dialect=self.dialect
            )
            self._unqualified(column, level)
        if (join.args.get("method") or "").upper() == "NATURAL" and any(
            source.hidden for source in level.sources.values()
        ):
            refuse("column_denied", "NATURAL JOIN over hidden columns")

    def _table(self, node: exp.Table, sources: dict[str, Source], ctes: Ctes, level: Level) -> None:
        if not isinstance(node.this, exp.Identifier):
            self._called(node, sources, ctes, level)
            return
        self._others(node, {"this", "db", "catalog", "alias", "joins", "indexed"}, ctes, level)
        name = folded(node.this, dialect=self.dialect)
        source = ctes.get(name) if not node.args.get("db") else None
        if source is None:
            source = self._real(node, name)
        listed = self._listed(node.args.get("alias"))
        columns = renamed(source.columns, listed)
        hidden = renamed_hidden(source, listed)
        sources[self._alias(node) or name] = Source(
            columns, hidden, source.table, node.alias_or_name
        )

    def _real(self, node: exp.Table, name: str) -> Source:
        schema = folded(node.args.get("db"), dialect=self.dialect)
        shown = f"{schema}.{name}" if schema else name
        if self.grammar.is_system(schema.lower(), name.lower()):
            refuse("relation_system", shown)
            return Source(None)
        if self.dialect == "mysql" and name == "dual" and not schema:
            return Source(())
        table = None if node.args.get("catalog") else self._known(schema, name)
        if table is None:
            refuse("relation_unknown", shown)
            return Source(None)
        if table.is_denied:
            refuse("relation_denied", shown)
        self._qualify(node, table)
        full = f"{table.schema}.{table.name}" if table.schema else table.name
        self.relations.add(full)
        fold = [key(column.name, dialect=self.dialect) for column in table.columns]
        hidden = frozenset(
            key(column.name, dialect=self.dialect) for column in table.columns if column.is_hidden
        )
        return Source(tuple(fold) or None, hidden, full)

    def _known(self, schema: str, name: str) -> known.Table | None:
        homes = HOME_SCHEMAS[self.dialect]
        for table in self.tables.get(name, ()):
            place = key(table.schema, dialect=self.dialect)
            if schema == place or not schema or (not place and schema in homes):
                return table
        return None

    def _qualify(self, node: exp.Table, table: known.Table) -> None:
        if table.schema and not node.args.get("db"):
            node.set("db", exp.to_identifier(table.schema, quoted=True))

    def _called(
        self, node: exp.Table, sources: dict[str, Source], ctes: Ctes, level: Level
    ) -> None:
        """A function in FROM; ROWS FROM holds several."""
        self._visit_children(node, ctes, level, skip={"alias", "db", "catalog", "joins"})
        call = node.this
        name = function_name(call) if isinstance(call, exp.Anonymous) else ""
        self._add_function(node, name, sources)

    def _derived(
        self, node: exp.Subquery, sources: dict[str, Source], ctes: Ctes, level: Level
    ) -> None:
        if isinstance(node.this, exp.Table):
            self._from(node.this, sources, ctes, level)
            return
        seen = level if self.dialect == "duckdb" else level.outer
        answered = self._query(node, ctes, seen)
        self._add(node, renamed(answered, self._listed(node.args.get("alias"))), sources)

    def _lateral(
        self, node: exp.Lateral, sources: dict[str, Source], ctes: Ctes, level: Level
    ) -> None:
        inner = node.this
        if isinstance(inner, exp.Subquery):
            answered = self._query(inner, ctes, level)
            self._add(node, renamed(answered, self._listed(node.args.get("alias"))), sources)
            return
        self._visit(inner, ctes, level)
        name = function_name(inner) if isinstance(inner, exp.Anonymous) else ""
        self._add_function(node, name, sources)

    def _add_function(self, node: exp.Expr, name: str, sources: dict[str, Source]) -> None:
        listed = self._listed(node.args.get("alias"))
        alias = self._alias(node)
        made = [one.name for one in node.find_all(exp.JSONColumnDef)]
        offset = node.args.get("offset")
        if isinstance(offset, exp.Identifier):
            made.append(folded(offset, dialect=self.dialect))
        own = [alias] if alias and not listed else []
        columns = (*listed, *made, *FUNCTION_COLUMNS, name, *own)
        sources[alias or name] = Source(
            columns if self.grammar.calls_by_dot else None, label=node.alias or name
        )

    def _add(
        self, node: exp.Expr, columns: tuple[str, ...] | None, sources: dict[str, Source]
    ) -> None:
        sources[self._alias(node)] = Source(columns, label=node.alias)

    # Expressions

    def _others(self, node: exp.Expr, done: set[str], ctes: Ctes, level: Level) -> None:
        self._visit_children(node, ctes, level, skip=done)

    def _visit_children(
        self, node: exp.Expr, ctes: Ctes, level: Level, skip: set[str] | None = None
    ) -> None:
        for name, value in node.args.items():
            if skip and name in skip:
                continue
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, exp.Expr):
                    self._visit(child, ctes, level)

    def _visit(self, node: exp.Expr, ctes: Ctes, level: Level) -> None:
        if isinstance(node, exp.Column):
            self._column(node, level)
        elif isinstance(node, (*QUERIES, exp.Subquery)):
            self._query(node, ctes, level)
        elif isinstance(node, (exp.Table, exp.Lateral, exp.Unnest)):
            self._from(node, {}, ctes, level)
        else:
            if isinstance(node, exp.Dot):
                self._dot(node, level)
            elif isinstance(node, exp.In) and isinstance(node.args.get("field"), exp.Column):
                self._in(node.args["field"], ctes)
            self._visit_children(node, ctes, level)

    def _in(self, field: exp.Column, ctes: Ctes) -> None:
        """`x IN name` of SQLite reads the table of this name."""
        name = folded(field.this, dialect=self.dialect)
        if field.args.get("table") is not None or name not in ctes:
            self._real(exp.Table(this=field.this, db=field.args.get("table")), name)

    def _column(self, node: exp.Column, level: Level) -> None:
        qualifier = node.args.get("table")
        if qualifier is None:
            if isinstance(node.this, exp.Identifier):
                self._unqualified(folded(node.this, dialect=self.dialect), level)
            return
        owner = folded(qualifier, dialect=self.dialect)
        if isinstance(node.this, exp.Star):
            self._whole(owner, level)
            return
        self._qualified(owner, folded(node.this, dialect=self.dialect), level)

    def _qualified(self, owner: str, name: str, level: Level) -> None:
        found = list(level.named(owner))
        if not found:
            if self.dialect != "duckdb":
                refuse("column_unknown", f"{owner}.{name}")
            return
        nearest = found[0]
        if name in nearest.hidden:
            refuse("column_denied", f"{owner}.{name}")
        if not nearest.has(name) and name not in ROW_NAMES[self.dialect] and self._matters(nearest):
            refuse("column_unknown", f"{owner}.{name}")
        # PostgreSQL may mean another level's source of this name: ON and plain derived tables see less than this.
        if self.grammar.calls_by_dot and any(
            not other.has(name) and name not in self.real_columns for other in found[1:]
        ):
            refuse("column_unknown", f"{owner}.{name}")
        self.columns.add(f"{nearest.table or owner}.{name}")

    def _matters(self, source: Source) -> bool:
        return bool(source.table) or self.grammar.calls_by_dot

    def _unqualified(self, name: str, level: Level) -> None:
        for source in level.sources.values():
            if name in source.hidden:
                refuse("column_denied", name)
        if self.dialect in {"postgresql", "duckdb"}:
            self._whole(name, level)
        self.columns.add(name)

    def _whole(self, owner: str, level: Level) -> None:
        """A row as one value; what may be shown of `*` was written out before."""
        if any(source.hidden for source in level.named(owner)):
            refuse("column_denied", f"the whole row of {owner}")

    def _dot(self, node: exp.Dot, level: Level) -> None:
        """`(x).f` of PostgreSQL is `f(x)` where `x` is no row with a field `f`."""
        if not self.grammar.calls_by_dot or isinstance(node.expression, (exp.Star, exp.Anonymous)):
            return
        name = folded(node.expression, dialect=self.dialect)
        inner = node.this.unnest() if isinstance(node.this, exp.Paren) else node.this
        if isinstance(inner, exp.Column) and inner.args.get("table") is None:
            owner = folded(inner.this, dialect=self.dialect)
            if any(True for _source in level.named(owner)):
                self._qualified(owner, name, level)
                return
        if not (isinstance(inner, exp.Anonymous) and name in FUNCTION_COLUMNS):
            refuse("column_unknown", f"(…).{name}")

    # Names

    def _alias(self, node: exp.Expr) -> str:
        alias = node.args.get("alias")
        return folded(alias.this, dialect=self.dialect) if alias is not None and alias.this else ""

    def _listed(self, alias: exp.Expr | None) -> tuple[str, ...]:
        if alias is None:
            return ()
        return tuple(
            folded(one.this if isinstance(one, exp.ColumnDef) else one, dialect=self.dialect)
            for one in alias.args.get("columns") or ()
        )
