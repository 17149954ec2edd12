"""Write views, filters, routes and the functions that wait for their logic."""

from __future__ import annotations

from taishang.generation.render import layout
from taishang.generation.render.naming import literal
from taishang.generation.render.plan import Model, Plan, ReplyPlan, Route
from taishang.generation.render.writing_filters import filter_module, query_filters
from taishang.generation.render.writing_models import evidence_comment
from taishang.generation.render.writing_recorded import actions, is_public, opened, recorded_views


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
            found[f"{plan.app}/filters/{model.module}.py"] = filter_module(plan, model, filters)
    recorded = [route for route in plan.routes if route.home == "recorded"]
    if recorded:
        found[f"{plan.app}/views/recorded.py"] = recorded_views(plan, recorded)
        found[f"{plan.app}/actions.py"] = actions(recorded)
    found[f"{plan.app}/urls.py"] = _urls(plan)
    return found


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
    own = _url_imports(plan, routes, source)
    imports = layout.imported("django.urls", ["path"]) if routes else []
    imports += [""] if own else []
    for module, names in sorted(own.items()):
        imports += layout.imported(module, names)
    table = ["urlpatterns = [", source, "]"] if entries else ["urlpatterns = []"]
    head = ['"""The paths that the front end calls, spelt as it spells them."""', ""]
    return "\n".join([*head, *imports, *([""] if imports else []), *table, ""])


def _url_imports(plan: Plan, routes: list[Route], source: str) -> dict[str, list[str]]:
    """Module to names for everything that the table of routes mentions."""
    views: dict[str, set[str]] = {}
    for route in routes:
        if route.home == "accounts":
            module = "accounts.views"
        elif route.home == "recorded" or route.model is None:
            module = f"{plan.app}.views.recorded"
        else:
            module = f"{plan.app}.views.{route.model.module}"
        views.setdefault(module, set()).add(route.view)
    own = {module: sorted(names) for module, names in views.items()}
    if "by_method(" in source:
        own[f"{plan.app}.routing"] = ["by_method"]
    if "Reply(" in source:
        own[f"{plan.app}.wire"] = ["Reply"]
    return own


def _entry(spelling: str, group: list[Route]) -> list[str]:
    comments = sorted(
        {opened(route) for route in group if route.home == "api" and is_public(route)}
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
    if (reply.status and reply.status not in (200, 201, 204)) or (
        reply.status and (said or _unusual(reply))
    ):
        said.append(f"status={reply.status}")
    return f"Reply({', '.join(said)})" if said else ""


def _unusual(reply: ReplyPlan) -> bool:
    return reply.status in (200, 201, 204)


# --- recorded calls --------------------------------------------------------------------------------
