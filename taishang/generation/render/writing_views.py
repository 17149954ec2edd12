"""Write views, filters, routes and the functions that wait for their logic."""

from __future__ import annotations

from typing import Any

from taishang.generation.ir import Reads, Shape
from taishang.generation.render import layout
from taishang.generation.render.naming import inside_docstring, literal, words
from taishang.generation.render.plan import Column, Link, Model, Plan, ReplyPlan, Route
from taishang.generation.render.planning import PUBLIC_AUTH, fixed_value
from taishang.generation.render.writing_models import evidence_comment

SEARCH_NAMES = frozenset({"search", "q", "query", "keyword", "keywords", "term", "searchterm"})
LOWER_NAMES = frozenset({"min", "from", "start", "after", "since", "gte"})
UPPER_NAMES = frozenset({"max", "to", "end", "before", "until", "lte"})
FILTER_CLASHES = frozenset(
    {"filters", "qs", "form", "data", "errors", "queryset", "request", "prefix"}
)


def modules(plan: Plan) -> dict[str, str]:
    """Path to source of `views/`, `filters/`, `urls.py` and `actions.py`."""
    found: dict[str, str] = {
        f"{plan.app}/views/__init__.py": "",
        f"{plan.app}/filters/__init__.py": "",
    }
    for model in plan.models:
        if plan.routes_of(model):
            found[f"{plan.app}/views/{model.module}.py"] = _view_module(plan, model)
        filters = query_filters(plan, model)
        if filters:
            found[f"{plan.app}/filters/{model.module}.py"] = _filter_module(plan, model, filters)
    recorded = [route for route in plan.routes if route.home == "recorded"]
    if recorded:
        found[f"{plan.app}/views/recorded.py"] = _recorded_views(plan, recorded)
        found[f"{plan.app}/actions.py"] = _actions(recorded)
    found[f"{plan.app}/urls.py"] = _urls(plan)
    return found


def is_public(route: Route) -> bool:
    """Open to everybody: the fixed account calls, or what a decision opened by name."""
    if route.home == "accounts":
        return route.action in PUBLIC_AUTH
    reading = route.spec.method == "GET" or route.action in ("list", "create", "retrieve")
    asked = route.spec.auth == "public" and route.spec.opened_by is not None
    return asked and (reading or route.home == "recorded")


# --- views -----------------------------------------------------------------------------------------


def _view_module(plan: Plan, model: Model) -> str:
    routes = plan.routes_of(model)
    body = [*evidence_comment(model.evidence), *_viewset(plan, model, routes)]
    source = "\n".join(body)
    own = [(f"{plan.app}.models", [model.class_name])]
    if "StaffWrites" in source:
        own.append((f"{plan.app}.permissions", ["StaffWrites"]))
    if query_filters(plan, model):
        own.append((f"{plan.app}.filters.{model.module}", [f"{model.class_name}Filter"]))
    own.append((f"{plan.app}.serializers.{model.module}", [f"{model.class_name}Serializer"]))
    own.append((f"{plan.app}.views.base", ["WireViewSet"]))
    third = ["IsAuthenticated"] + (["SAFE_METHODS"] if "SAFE_METHODS" in source else [])
    imports = layout.imported("rest_framework.permissions", third)
    imports.append("")
    for module, names in sorted(own):
        imports += layout.imported(module, names)
    return "\n".join([*imports, "", "", source, ""])


def _viewset(plan: Plan, model: Model, routes: list[Route]) -> list[str]:
    name = model.class_name
    classes = "IsAuthenticated" if model.audience != "catalogue" else "IsAuthenticated, StaffWrites"
    said = {
        "owner": "Rows of the signed-in user.",
        "shared": "Rows that everybody signed in sees and their owners change.",
        "catalogue": "Rows that everybody signed in sees and staff changes.",
    }[model.audience]
    lines = [
        f"class {name}ViewSet(WireViewSet):",
        f'    """{said}"""',
        "",
        f"    permission_classes = [{classes}]",
        f"    queryset = {name}.objects.all()",
        f"    serializer_class = {name}Serializer",
    ]
    if query_filters(plan, model):
        lines.append(f"    filterset_class = {name}Filter")
    if model.owner:
        lines.append(f"    owner_field = {literal(model.owner)}")
    lines += _get_queryset(model, routes)
    done: set[str] = set()
    for route in routes:
        toggle = next((each for each in model.toggles if each.method == route.action), None)
        if toggle and toggle.method not in done:
            done.add(toggle.method)
            call = f"self.flip({literal(toggle.column)})" if toggle.column else None
            call = call or f"self.join({literal(toggle.users)})"
            lines += [
                "",
                f"    def {toggle.method}(self, request, **kwargs):",
                f"        return {call}",
            ]
    return lines


def _get_queryset(model: Model, routes: list[Route]) -> list[str]:
    """The rows that a request starts from. Nothing where everybody may have every row."""
    joined = [link.name for link in model.links if link.nested and link.kind != "m2m"]
    fetched = [link.name for link in model.links if link.kind == "m2m" and link.shown]
    lines = ["    def get_queryset(self):", "        rows = super().get_queryset()"]
    for method, names in (("select_related", joined), ("prefetch_related", fetched)):
        if names:
            lines += layout.lines(f"rows = rows.{method}({literal(names)[1:-1]})", depth=2)
    if model.audience == "catalogue":
        return ["", *lines, "        return rows"] if joined or fetched else []
    users = "self.request.user"
    if model.audience == "owner":
        if any(is_public(r) and r.action in ("list", "retrieve") for r in routes):
            lines += ["        if self.action in self.public_actions:", "            return rows"]
        return ["", *lines, f"        return rows.visible_to({users})"]
    if all(_only_reads(model, route) for route in routes):
        return ["", *lines, "        return rows"] if joined or fetched else []
    read = "self.request.method in SAFE_METHODS"
    joins = sorted(toggle.method for toggle in model.toggles if toggle.users)
    if joins:
        read += f" or self.action in {literal(joins)}"
    lines += [f"        if {read}:", "            return rows"]
    return ["", *lines, f"        return rows.changeable_by({users})"]


def _only_reads(model: Model, route: Route) -> bool:
    """Does this route leave other people's rows alone by itself?"""
    joins = any(toggle.users and toggle.method == route.action for toggle in model.toggles)
    return joins or route.action in ("list", "retrieve", "create")


# --- filters ---------------------------------------------------------------------------------------


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
            link.kind != "m2m"
            and plain in (link.name, f"{link.name}_id")
            or name == link.wire != ""
        ):
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


def _filter_module(plan: Plan, model: Model, filters: list[tuple[str, str]]) -> str:
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


# --- routes ----------------------------------------------------------------------------------------


def grouped(routes: list[Route]) -> list[tuple[str, list[Route]]]:
    """Routes by their Django spelling, in the order of the table."""
    found: dict[str, list[Route]] = {}
    for route in routes:
        found.setdefault(route.route, []).append(route)
    return list(found.items())


def _urls(plan: Plan) -> str:
    routes = [route for route in plan.routes if route.mounted == "api"]
    entries: list[str] = []
    for spelling, group in grouped(routes):
        entries += _entry(spelling, group)
    source = "\n".join(entries)
    imports = layout.imported("django.urls", ["path"]) if routes else []
    own: list[tuple[str, list[str]]] = []
    for model in plan.models:
        if plan.routes_of(model):
            own.append((f"{plan.app}.views.{model.module}", [f"{model.class_name}ViewSet"]))
    people = sorted({route.view for route in routes if route.home == "accounts"})
    if people:
        own.append(("accounts.views", people))
    recorded = sorted({route.view for route in routes if route.home == "recorded"})
    if recorded:
        own.append((f"{plan.app}.views.recorded", recorded))
    if "by_method(" in source:
        own.append((f"{plan.app}.routing", ["by_method"]))
    if "Reply(" in source:
        own.append((f"{plan.app}.wire", ["Reply"]))
    imports += [""] if own else []
    for module, names in sorted(own):
        imports += layout.imported(module, names)
    table = ["urlpatterns = [", source, "]"] if entries else ["urlpatterns = []"]
    head = ['"""The paths that the front end calls, spelt as it spells them."""', ""]
    return "\n".join([*head, *imports, *([""] if imports else []), *table, ""])


def _entry(spelling: str, group: list[Route]) -> list[str]:
    comments = sorted(
        {_opened(route) for route in group if route.home == "api" and is_public(route)}
    )
    views: dict[str, list[Route]] = {}
    for route in group:
        views.setdefault(route.view, []).append(route)
    sources = [(members, _as_view(name, members)) for name, members in views.items()]
    if len(sources) == 1:
        target = sources[0][1]
    else:
        pairs = [f"{route.method}={source}" for members, source in sources for route in members]
        target = f"by_method({', '.join(pairs)})"
    lines = [f"    # {comment}"[: layout.WIDTH].rstrip() for comment in comments]
    return lines + layout.entry(f"path({literal(spelling)}, {target})")


def _opened(route: Route) -> str:
    return f"AllowAny by {inside_docstring(route.spec.opened_by or '')}"


def _as_view(name: str, members: list[Route]) -> str:
    if members[0].home == "recorded":
        return f"{name}.as_view()"
    if members[0].home == "accounts":
        reply = reply_source(members[0].reply)
        return f"{name}.as_view({'reply=' + reply if reply else ''})"
    actions = literal({route.method: route.action for route in members})
    arguments = [actions]
    shaped = [(route.action, reply_source(route.reply)) for route in members]
    replies = ", ".join(f"{literal(action)}: {source}" for action, source in shaped if source)
    if replies:
        arguments.append(f"replies={{{replies}}}")
    opened = sorted({route.action for route in members if is_public(route)})
    staff = sorted({r.action for r in members if r.spec.auth == "staff" and r.action not in opened})
    if opened:
        arguments.append(f"public_actions={literal(opened)}")
    if staff:
        arguments.append(f"staff_actions={literal(staff)}")
    return f"{name}.as_view({', '.join(arguments)})"


def reply_source(reply: ReplyPlan) -> str:
    """`Reply(key="data")`, or nothing when the bare row is the reply."""
    said = []
    if reply.key:
        said.append(f"key={literal(reply.key)}")
    if reply.counts:
        said.append(f"counts={literal(reply.counts)}")
    if reply.fixed:
        said.append(f"fixed={literal(reply.fixed)}")
    if reply.status and reply.status not in (200, 201, 204):
        said.append(f"status={reply.status}")
    elif reply.status and (said or _unusual(reply)):
        said.append(f"status={reply.status}")
    return f"Reply({', '.join(said)})" if said else ""


def _unusual(reply: ReplyPlan) -> bool:
    return reply.status in (200, 201, 204)


# --- recorded calls --------------------------------------------------------------------------------


def _recorded_views(plan: Plan, routes: list[Route]) -> str:
    lines: list[str] = []
    for route in routes:
        lines += ["", "", *_recorded_view(route)]
    source = "\n".join(lines)
    third = [
        name for name in ("AllowAny", "IsAdminUser", "IsAuthenticated") if f"[{name}" in source
    ]
    third += [name for name in ("IsAdminUser",) if f", {name}]" in source and name not in third]
    models = sorted({route.model.class_name for route in routes if route.model})
    bodies = sorted(route.body_class for route in routes if route.body_class)
    own = [(plan.app, ["actions"]), (f"{plan.app}.views.base", ["RecordedView"])]
    if models:
        own.append((f"{plan.app}.models", models))
    if bodies:
        own.append((f"{plan.app}.serializers.recorded", bodies))
    imports = [
        '"""Calls whose logic cannot be seen from outside: kept, and answered by actions.py."""',
        "",
        *layout.imported("rest_framework.permissions", third),
        "",
    ]
    for module, names in sorted(own):
        imports += layout.imported(module, names)
    return "\n".join([*imports, source, ""])


def _recorded_view(route: Route) -> list[str]:
    said = inside_docstring(f"{route.spec.method} {route.spec.path}")[:70]
    lines = [*evidence_comment(sorted({p.file for p in route.spec.evidence.places}))]
    lines += [f"class {route.view}(RecordedView):", f'    """{said}."""', ""]
    if is_public(route):
        lines.append(f"    # {_opened(route)}"[: layout.WIDTH].rstrip())
        lines.append("    permission_classes = [AllowAny]")
    elif route.spec.auth == "staff":
        lines.append("    permission_classes = [IsAuthenticated, IsAdminUser]")
    else:
        lines.append("    permission_classes = [IsAuthenticated]")
    if route.body_class:
        lines.append(f"    serializer_class = {route.body_class}")
    if route.model and not is_public(route):
        lines.append(f"    rows = {route.model.class_name}.objects")
    status = f", status={route.reply.status}" if route.reply.status != 200 else ""
    lines += [
        "",
        f"    def {route.method}(self, request, **kwargs):",
        f"        return self.record(actions.{route.action}{status})",
    ]
    return lines


def _actions(routes: list[Route]) -> str:
    lines = [
        '"""Your code goes here: one function per call whose logic the front end does not show.',
        "",
        "Each gets the validated request and gives the reply; what stands here now are the",
        "keys that the front end reads, with empty values.",
        '"""',
    ]
    for route in routes:
        said = inside_docstring(f"{route.spec.method} {route.spec.path}")[:70]
        answer = empty_answer(route.spec.response, route.spec.reply)
        lines += ["", "", f"def {route.action}(data):", f'    """{said}."""']
        lines += layout.lines(f"return {literal(answer)}", depth=1)
    return "\n".join([*lines, ""])


def empty_answer(reads: Reads, reply: Shape | None) -> Any:
    """The keys that the code reads, with empty values of the right type."""
    body: Any = {}
    if reads.list_at == "" or any(key.startswith("[]") for key in reads.keys):
        return []
    if reply is not None and reply.type in ("object", "array"):
        body = empty_of(reply)
    if not isinstance(body, dict):
        return body
    for key in sorted(reads.keys):
        _fill(body, key)
    if reads.list_at:
        _fill(body, f"{reads.list_at}[]")
    return body


def _fill(body: dict[str, Any], key: str) -> None:
    parts = [part for part in key.split(".") if part][:5]
    for index, part in enumerate(parts):
        name, is_list = part.removesuffix("[]").split("[")[0], "[" in part
        if not name or name == "length":
            return
        if is_list or (index + 1 < len(parts) and parts[index + 1] in ("length", "map")):
            if not isinstance(body.get(name), list):
                body[name] = []
            return
        if index + 1 == len(parts):
            body.setdefault(name, fixed_value(name))
            return
        inner = body.get(name)
        if isinstance(inner, list):
            return
        if not isinstance(inner, dict):
            inner = body[name] = {}
        body = inner


def empty_of(shape: Shape) -> Any:
    """An empty value of a declared type; at most five levels of objects deep."""
    if shape.type != "object":
        return _empty_scalar(shape)
    top: dict[str, Any] = {}
    waiting: list[tuple[Shape, dict[str, Any], int]] = [(shape, top, 0)]
    while waiting:
        here, body, depth = waiting.pop()
        for key, value in list(here.fields.items())[:100]:
            if value.shape.type == "object" and depth < 5:
                body[key] = {}
                waiting.append((value.shape, body[key], depth + 1))
            else:
                body[key] = _empty_scalar(value.shape)
    return top


def _empty_scalar(shape: Shape) -> Any:
    if shape.choices:
        return shape.choices[0]
    empty: dict[str, Any] = {
        "array": [], "integer": 0, "big_integer": 0, "decimal": 0, "float": 0, "boolean": False,
        "object": {}, "json": {}, "reference": {}, "null": None, "date": None, "datetime": None,
        "time": None, "unknown": None, "relation": None, "file": None,
    }  # fmt: skip
    return empty.get(shape.type, "")
