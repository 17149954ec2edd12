"""Settle the routes: which view and action answers each endpoint, and how its reply is shaped."""

from __future__ import annotations

import re
from urllib.parse import unquote

from taishang.generation.ir import RENDER_THRESHOLD, Blueprint, EndpointSpec, PathParameter
from taishang.generation.render import planning_models
from taishang.generation.render.naming import class_name, identifier, words
from taishang.generation.render.plan import Argument, Model, Plan, ReplyPlan, Route
from taishang.generation.render.replying import (
    beside,
    crud_reply,
    row_reply,
    success_status,
)

ANY_HOLE = re.compile(r"<str:[^>]*>")
HOLE = re.compile(r"\{([^{}]*)\}")
DETAIL = frozenset({"retrieve", "update", "replace", "delete"})
CRUD = frozenset({"list", "create"}) | DETAIL
AUTH_VIEWS = {
    "register": "RegisterView", "login": "LoginView", "refresh": "RefreshView", "logout": "LogoutView",
    "me": "MeView", "update_me": "MeView", "reset": "ResetView", "reset_confirm": "ResetConfirmView",
    "verify": "VerifyView", "change_password": "ChangePasswordView", "third_party": "ThirdPartyView",
}  # fmt: skip
AUTH_METHODS = {
    "RegisterView": {"post"}, "LoginView": {"post"}, "RefreshView": {"post"},
    "LogoutView": {"post", "get", "delete"}, "MeView": {"get", "put", "patch", "post", "delete"},
    "ResetView": {"post"}, "ResetConfirmView": {"post"}, "VerifyView": {"post", "get"},
    "ChangePasswordView": {"post", "put", "patch"}, "ThirdPartyView": {"post", "get"},
}  # fmt: skip
LOOKUPS = frozenset({"slug", "username", "code", "handle", "key", "token", "name", "email", "sku"})
PUBLIC_AUTH = frozenset(
    {"register", "login", "refresh", "logout", "reset", "reset_confirm", "verify", "third_party"}
)
STANDARD_MODULES = frozenset(
    {"json", "code", "types", "site", "token", "calendar", "email", "queue", "select", "statistics"}
)
RESERVED_APPS = frozenset({"accounts", "config", "django", "rest_framework", "fixtures", "manage"})


def plan(blueprint: Blueprint) -> Plan:
    """The whole plan. Endpoints that cannot be rendered are in `dropped`, key to reason."""
    models = planning_models.models(blueprint)
    result = Plan(
        blueprint=blueprint,
        app=_app(blueprint.project.app_label),
        models=models,
        routes=[],
        string_user_id=_string_user_id(blueprint, models),
        error_keys=_error_keys(blueprint),
    )
    seen: set[tuple[str, str]] = set()
    for endpoint in sorted(
        blueprint.endpoints, key=lambda each: (each.path, each.method, each.key)
    ):
        reason = _refusal(endpoint, seen)
        if reason:
            result.dropped[endpoint.key] = reason
            continue
        _place(result, endpoint)
    _share_paths(result)
    for route in result.routes:
        if route.model is not None and route.home == "api" and route.spec.auth == "staff":
            route.model.staff_sees_all = True
    _name_recorded(result)
    result.routes.sort(key=_route_order)
    return result


def _app(label: str) -> str:
    name = "api" if label == "api" else identifier(label, kind="app")
    return f"{name}_app" if name in RESERVED_APPS or name == "test" else _not_stdlib(name)


def _not_stdlib(name: str) -> str:
    return f"{name}_app" if name in STANDARD_MODULES else name


def _string_user_id(blueprint: Blueprint, models: list[Model]) -> bool:
    stated = [f for f in blueprint.auth.user_fields if f.wire_name in ("id", "_id")]
    if stated:
        return stated[0].type not in ("integer", "big_integer")
    strings = sum(model.spec.id_as_string or model.spec.id_type != "bigint" for model in models)
    return strings * 2 > len(models)


def _error_keys(blueprint: Blueprint) -> list[str]:
    found = [blueprint.project.error_key or "detail"]
    for endpoint in blueprint.endpoints:
        for key in endpoint.response.error_keys:
            if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,40}(\.[A-Za-z_][A-Za-z0-9_]{0,40})?", key):
                found.append(key)
    inner = {key.split(".")[0] for key in found if "." in key}
    wanted = [key for key in dict.fromkeys(found) if key not in inner and key != "errors"]
    return (wanted or ["detail"])[:8]


def _refusal(endpoint: EndpointSpec, seen: set[tuple[str, str]]) -> str | None:
    shape = (endpoint.method, HOLE.sub("{}", endpoint.path).rstrip("/"))
    if endpoint.confidence < RENDER_THRESHOLD:
        return "not sure enough"
    if endpoint.method in ("HEAD", "OPTIONS"):
        return "answered by the framework itself"
    if len(endpoint.path) > 500 or re.search(r"[<>\x00-\x1f\x7f\\]", endpoint.path):
        return "the path cannot be written as a route"
    if shape in seen:
        return "the same method and path twice"
    seen.add(shape)
    return None


def _place(plan: Plan, endpoint: EndpointSpec) -> None:
    if endpoint.behaviour == "auth" and endpoint.action in AUTH_VIEWS:
        view = AUTH_VIEWS[endpoint.action]
        if endpoint.method.lower() in AUTH_METHODS[view]:
            plan.routes.append(_auth_route(plan, endpoint, view))
            return
    model = plan.model_of(endpoint.entity)
    if model is not None and endpoint.behaviour == "crud" and endpoint.action in CRUD:
        plan.routes.append(_crud_route(plan, endpoint, model))
    elif model is not None and endpoint.behaviour == "toggle" and HOLE.search(endpoint.path):
        plan.routes.append(_toggle_route(plan, endpoint, model))
    else:
        plan.routes.append(_recorded_route(plan, endpoint, model))


def _auth_route(plan: Plan, endpoint: EndpointSpec, view: str) -> Route:
    arguments = [
        Argument(ir_name=name, name=identifier(name, kind="part"), means="free")
        for name in HOLE.findall(endpoint.path)
    ]
    if len(arguments) == 1 and endpoint.action in ("verify", "reset_confirm"):
        arguments[0].name = "token"
    reply = ReplyPlan(status=success_status(endpoint, 0))
    if endpoint.action in ("me", "update_me"):
        reply = row_reply(endpoint, {field.wire_name for field in plan.blueprint.auth.user_fields})
    else:
        own = _account_keys(plan)
        others = beside(endpoint.response, set())
        reply.fixed = {key: value for key, value in others.items() if key not in own}
    return Route(
        spec=endpoint,
        route=_django_route(endpoint.path, arguments),
        arguments=arguments,
        home="accounts",
        view=view,
        action=endpoint.action,
        reply=reply,
    )


def _account_keys(plan: Plan) -> set[str]:
    """Dotted keys under which the account views put their tokens themselves."""
    auth = plan.blueprint.auth
    before = f"{auth.envelope}." if auth.envelope else ""
    keys = [auth.access_key, auth.refresh_key, auth.user_key]
    return {f"{before}{key}" for key in keys if key}


def _crud_route(plan: Plan, endpoint: EndpointSpec, model: Model) -> Route:
    arguments = _arguments(plan, endpoint, model)
    named = any(argument.means == "id" for argument in arguments)
    actions = {"list": "list", "create": "create", "retrieve": "retrieve", "replace": "update"}
    action = actions.get(endpoint.action, "")
    if endpoint.action == "update":
        action = "partial_update" if endpoint.method == "PATCH" else "update"
    if endpoint.action == "delete":
        single = named or any(argument.means == "field" for argument in arguments)
        action = "destroy" if single or _names_row(endpoint, model) else "destroy_all"
    return Route(
        spec=endpoint,
        route=_django_route(endpoint.path, arguments),
        arguments=arguments,
        home="api",
        view=f"{model.class_name}ViewSet",
        action=action,
        model=model,
        reply=crud_reply(endpoint, model, action),
    )


def _names_row(endpoint: EndpointSpec, model: Model) -> bool:
    keys = {parameter.name for parameter in endpoint.query}
    keys |= set(endpoint.request.fields) if endpoint.request else set()
    return bool(keys & {"id", model.spec.id_wire_name})


def _toggle_route(plan: Plan, endpoint: EndpointSpec, model: Model) -> Route:
    verb = identifier(endpoint.action, kind="toggle")
    toggle = next(each for each in model.toggles if each.verb == verb)
    arguments = _arguments(plan, endpoint, model)
    shown = {column.wire for column in model.columns} | set(toggle.flag_wires)
    reply = row_reply(endpoint, shown | {link.wire for link in model.links})
    return Route(
        spec=endpoint,
        route=_django_route(endpoint.path, arguments),
        arguments=arguments,
        home="api",
        view=f"{model.class_name}ViewSet",
        action=toggle.method,
        model=model,
        reply=reply,
    )


def _recorded_route(plan: Plan, endpoint: EndpointSpec, model: Model | None) -> Route:
    model = _model_of_last_hole(plan, endpoint, model)
    arguments = _free(endpoint)
    if model is not None and arguments:
        arguments = [
            *(
                _outer_argument(plan, endpoint, model, each.ir_name, is_last=False)
                for each in arguments[:-1]
            ),
            _own_argument(arguments[-1].ir_name, model),
        ]
        names = [argument.name for argument in arguments]
        if len(set(names)) != len(names):
            arguments = [
                Argument(ir_name=a.ir_name, name=f"{a.name}_part", means="free")
                for a in arguments[:-1]
            ] + arguments[-1:]
    return Route(
        spec=endpoint,
        route=_django_route(endpoint.path, arguments),
        arguments=arguments,
        home="recorded",
        view="",
        action=endpoint.action,
        model=model if arguments else None,
        reply=ReplyPlan(status=success_status(endpoint, 200)),
    )


def _free(endpoint: EndpointSpec) -> list[Argument]:
    taken: list[str] = []
    for name in HOLE.findall(endpoint.path):
        taken.append(identifier(name, kind="part", taken=taken))
    pairs = zip(HOLE.findall(endpoint.path), taken, strict=True)
    return [Argument(ir_name=ir_name, name=name, means="free") for ir_name, name in pairs]


def _model_of_last_hole(plan: Plan, endpoint: EndpointSpec, stated: Model | None) -> Model | None:
    """The model whose row the last hole names: by the hole's name, by the path before it, as stated."""
    holes = HOLE.findall(endpoint.path)
    if not holes:
        return None
    named = identifier(planning_models.bare(holes[-1]), kind="model")
    for model in plan.models:
        if model.module == named:
            return model
    return _model_at(plan, endpoint) or stated


def _model_at(plan: Plan, endpoint: EndpointSpec) -> Model | None:
    before = endpoint.path[: endpoint.path.rfind("{")].rstrip("/")
    for spec in plan.blueprint.endpoints:
        listed = spec.behaviour == "crud" and spec.action in ("list", "create")
        if listed and before and spec.path.rstrip("/") == before:
            return plan.model_of(spec.entity)
    return None


def _arguments(plan: Plan, endpoint: EndpointSpec, model: Model) -> list[Argument]:
    """What each hole of the path means for `model`, named so that the view knows it too."""
    holes = HOLE.findall(endpoint.path)
    others = {each.module for each in plan.models}
    own = _own_hole(endpoint, model, holes, others)
    taken: set[str] = set()
    found: list[Argument] = []
    for index, hole in enumerate(holes):
        if index == own:
            argument = _own_argument(hole, model)
        else:
            is_last = index == len(holes) - 1 - (own is not None)
            argument = _outer_argument(plan, endpoint, model, hole, is_last=is_last)
        if argument.name in taken:
            argument.name = identifier(f"{argument.name}_part", kind="part", taken=taken)
            argument.means = "free"
        taken.add(argument.name)
        found.append(argument)
    return found


def _own_hole(
    endpoint: EndpointSpec, model: Model, holes: list[str], others: set[str]
) -> int | None:
    """The index of the hole that names the row itself."""
    if not holes or (endpoint.behaviour == "crud" and endpoint.action in ("list", "create")):
        return None
    ends_in_hole = bool(HOLE.search(endpoint.path.rstrip("/").rsplit("/", 1)[-1]))
    if len(holes) == 1 and not ends_in_hole:
        named = identifier(planning_models.bare(holes[0]), kind="model")
        if endpoint.parent or (named != model.module and named in others):
            return None
    return len(holes) - 1


def _own_argument(hole: str, model: Model) -> Argument:
    name = identifier(hole, kind="part")
    column = model.column(name)
    if (
        column is not None
        and set(words(name)) & LOOKUPS
        and column.type in ("text", "slug", "email")
    ):
        return Argument(ir_name=hole, name=column.name, means="field", target=model.class_name)
    return Argument(ir_name=hole, name="id", means="id", target=model.class_name)


def _outer_argument(
    plan: Plan, endpoint: EndpointSpec, model: Model, hole: str, *, is_last: bool
) -> Argument:
    name = identifier(hole, kind="part")
    bare = planning_models.bare(hole)
    parent = plan.model_of(endpoint.parent)
    parent_class = parent.class_name if parent else "User" if endpoint.parent == "User" else None
    links = [link for link in model.links if link.kind != "m2m"]
    by_parent = [link for link in links if link.target == parent_class] if is_last else []
    by_name = [link for link in links if link.name == identifier(bare) or link.wire == hole]
    for link in [*by_parent, *by_name]:
        means = "user" if link.target == "User" else "parent"
        return Argument(ir_name=hole, name=f"{link.name}_id", means=means, target=link.target)
    column = model.column(name)
    if column is not None and column.type in ("text", "slug", "choice", "integer", "email"):
        return Argument(ir_name=hole, name=column.name, means="field", target=model.class_name)
    taken = (
        {column.name for column in model.columns} | {"id"} | {f"{link.name}_id" for link in links}
    )
    return Argument(ir_name=hole, name=identifier(hole, kind="part", taken=taken), means="free")


def _django_route(path: str, arguments: list[Argument]) -> str:
    names = iter(arguments)
    parts = HOLE.split(unquote(path))
    out = [
        part if index % 2 == 0 else f"<str:{next(names).name}>" for index, part in enumerate(parts)
    ]
    return "".join(out).removeprefix("/")


def _share_paths(plan: Plan) -> None:
    """One spelling per path: views that share a path share the names of its holes.

    The first view of an entity says how they are called; what cannot live with that is recorded.
    """
    groups: dict[str, list[Route]] = {}
    for route in plan.routes:
        groups.setdefault(ANY_HOLE.sub("<>", route.route), []).append(route)
    for group in groups.values():
        homes = {route.home for route in group}
        leader = next((route for route in group if route.home == "api"), group[0])
        for route in group:
            route.mounted = "accounts" if homes == {"accounts"} else "api"
            if route is not leader and route.route != leader.route:
                _follow(plan, route, leader)


def _follow(plan: Plan, route: Route, leader: Route) -> None:
    names = [argument.name for argument in leader.arguments]
    if route.home == "api":
        fresh = _recorded_route(plan, route.spec, None)
        route.home, route.view, route.action, route.reply = (
            "recorded",
            "",
            fresh.action,
            fresh.reply,
        )
        route.model = None
    elif route.home == "recorded" and (not names or names[-1] != "id" or leader.model is None):
        route.model = None
    elif route.home == "recorded":
        route.model = leader.model
    route.arguments = [
        Argument(ir_name=old.ir_name, name=new.name, means=new.means, target=new.target)
        if route.model is not None
        else Argument(ir_name=old.ir_name, name=new.name, means="free")
        for old, new in zip(route.arguments, leader.arguments, strict=True)
    ]
    route.route = leader.route


def _name_recorded(plan: Plan) -> None:
    """Give each recorded endpoint its function and its view class."""
    functions: list[str] = []
    classes: list[str] = []
    for route in plan.routes:
        if route.home != "recorded":
            continue
        wish = route.spec.action if route.spec.behaviour == "recorded" else _spoken(route.spec)
        name = identifier(wish, kind="action", taken=functions)
        functions.append(name)
        route.action = name
        view = class_name(f"{name}_view", taken=classes)
        classes.append(view)
        route.view = view
        request = route.spec.request if route.spec.method in ("POST", "PUT", "PATCH") else None
        if request is not None and request.type == "object":
            route.body_class = f"{view.removesuffix('View')}Serializer"


def _spoken(endpoint: EndpointSpec) -> str:
    parts = [part for part in endpoint.path.split("/") if part and "{" not in part][-2:]
    return "_".join([endpoint.method.lower(), *parts])


def _route_order(route: Route) -> tuple[list[tuple[int, str]], str]:
    """Fixed segments before holes, so that `posts/latest` is never taken for an id."""
    parts = route.route.rstrip("/").split("/")
    return [(1 if "<" in part else 0, part) for part in parts], route.spec.method


def parameter_of(endpoint: EndpointSpec, name: str) -> PathParameter | None:
    return next((each for each in endpoint.parameters if each.name == name), None)
