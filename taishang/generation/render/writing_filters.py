"""Write the filters of lists: one module per entity whose lists are narrowed by a query."""

from __future__ import annotations

from taishang.generation.render import layout
from taishang.generation.render.naming import literal, words
from taishang.generation.render.plan import Column, Link, Model, Plan

SEARCH_NAMES = frozenset({"search", "q", "query", "keyword", "keywords", "term", "searchterm"})
LOWER_NAMES = frozenset({"min", "from", "start", "after", "since", "gte"})
UPPER_NAMES = frozenset({"max", "to", "end", "before", "until", "lte"})
FILTER_CLASHES = frozenset(
    {"filters", "qs", "form", "data", "errors", "queryset", "request", "prefix"}
)


def query_filters(plan: Plan, model: Model) -> list[tuple[str, str]]:
    """Query names that narrow the lists of `model`, with the source of the filter."""
    found: dict[str, str] = {}
    for route in plan.routes_of(model):
        for parameter in route.spec.query if route.action in ("list", "destroy_all") else []:
            source = _filter_source(model, parameter.name)
            usable = parameter.name.isidentifier() and parameter.name.isascii()
            if source and usable and parameter.name not in FILTER_CLASHES:
                found.setdefault(parameter.name, source)
    return sorted((name, source) for name, source in found.items() if not _is_keyword(name))


def _is_keyword(name: str) -> bool:
    return name in ("from", "class", "is", "in", "not", "or", "and", "if", "for", "with", "as", "import",
                    "global", "lambda", "try", "while", "return", "pass", "def", "del", "None", "True",
                    "False", "yield", "raise", "except", "finally", "else", "elif", "continue", "break",
                    "assert", "async", "await", "nonlocal")  # fmt: skip


def _filter_source(model: Model, name: str) -> str | None:
    if "".join(words(name)) in SEARCH_NAMES:
        fields = [
            c.name for c in model.columns if c.type in ("text", "long_text") and not c.write_only
        ]
        return f"TextFilter(columns={literal(fields)})" if fields else None
    column = _named_column(model, name)
    if column is not None:
        return _exact(column)
    link = _named_link(model, name)
    if link is not None:
        return f"EqualsFilter(field_name={literal(link.name)})"
    return _bound(model, name)


def _named_column(model: Model, name: str) -> Column | None:
    plain = "_".join(words(name))
    for column in model.columns:
        if name == column.wire or plain == column.name:
            return None if column.type in ("json", "file") or column.write_only else column
    return None


def _named_link(model: Model, name: str) -> Link | None:
    plain = "_".join(words(name))
    for link in model.links:
        if (
            link.kind != "m2m" and plain in (link.name, f"{link.name}_id")
        ) or name == link.wire != "":
            return link
    return None


def _exact(column: Column) -> str:
    if column.type == "datetime":
        return f'EqualsFilter(field_name={literal(column.name)}, lookup_expr="date")'
    return f"EqualsFilter(field_name={literal(column.name)})"


def _bound(model: Model, name: str) -> str | None:
    """`minPrice`, `to`: the lower or upper end of a number or date."""
    said = words(name)
    lookup = "gte" if LOWER_NAMES & set(said) else "lte" if UPPER_NAMES & set(said) else None
    if lookup is None:
        return None
    rest = [word for word in said if word not in LOWER_NAMES | UPPER_NAMES]
    kinds = ("date", "datetime", "integer", "decimal", "float", "big_integer")
    columns = [column for column in model.columns if column.type in kinds]
    named = [column for column in columns if rest and "_".join(rest) == column.name]
    dates = [
        column for column in columns if column.type in ("date", "datetime") and not column.managed
    ]
    chosen = named or (dates if set(rest) <= {"date", "time"} else [])
    if not chosen:
        return None
    path = f"date__{lookup}" if chosen[0].type == "datetime" else lookup
    return f"EqualsFilter(field_name={literal(chosen[0].name)}, lookup_expr={literal(path)})"


def filter_module(plan: Plan, model: Model, filters: list[tuple[str, str]]) -> str:
    used = [name for name in ("EqualsFilter", "TextFilter") if any(name in s for _, s in filters)]
    lines = [
        "from django_filters.rest_framework import FilterSet",
        "",
        *layout.imported(f"{plan.app}.filtering", used),
        *layout.imported(f"{plan.app}.models", [model.class_name]),
        "",
        "",
        f"class {model.class_name}Filter(FilterSet):",
    ]
    for name, source in filters:
        lines += layout.lines(f"{name} = {source}", depth=1)
    lines += [
        "",
        "    class Meta:",
        f"        model = {model.class_name}",
        "        fields = []",
        "",
    ]
    return "\n".join(lines)
