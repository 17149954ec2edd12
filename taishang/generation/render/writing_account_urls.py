"""Write the paths of the accounts app."""

from __future__ import annotations

from taishang.generation.render import layout
from taishang.generation.render.naming import literal
from taishang.generation.render.plan import Plan, Route
from taishang.generation.render.planning import AUTH_METHODS
from taishang.generation.render.writing_views import grouped, reply_source

SIGN_IN_ROUTES = (
    ("login", "LoginView"), ("register", "RegisterView"), ("refresh", "RefreshView"),
    ("logout", "LogoutView"), ("me", "MeView"),
)  # fmt: skip


def fallback_paths(plan: Plan) -> list[tuple[str, str]]:
    """Sign-in for projects whose front end shows none: path and view. Not part of the schema."""
    if plan.has_sign_in:
        return []
    project = plan.blueprint.project
    slash = "/" if project.trailing_slash else ""
    prefix = project.prefix.strip("/")
    taken = {route.route.rstrip("/") for route in plan.routes}
    found = []
    for name, view in SIGN_IN_ROUTES:
        path = f"{prefix}/auth/{name}" if prefix else f"auth/{name}"
        if path not in taken:
            found.append((f"{path}{slash}", view))
    return found


def urls(plan: Plan) -> str:
    routes = [route for route in plan.routes if route.mounted == "accounts"]
    entries: list[str] = []
    for spelling, group in grouped(routes):
        entries += _entry(spelling, group)
    extra = fallback_paths(plan)
    if extra:
        entries.append("    # Not called by the front end, and therefore not in the schema.")
    for path, view in extra:
        entries += layout.entry(f"path({literal(path)}, {view}.as_view(schema=None))")
    source = "\n".join(entries)
    views = sorted({route.view for route in routes} | {view for _, view in extra})
    lines = ['"""Where people sign in."""', "", "from django.urls import path", ""]
    lines += layout.imported("accounts.views", views) if views else []
    own = (
        [] if "by_method(" not in source else layout.imported(f"{plan.app}.routing", ["by_method"])
    )
    own += layout.imported(f"{plan.app}.wire", ["Reply"]) if "Reply(" in source else []
    return "\n".join([*lines, *own, "", "urlpatterns = [", source, "]", ""])


def _entry(spelling: str, group: list[Route]) -> list[str]:
    views: dict[str, list[Route]] = {}
    for route in group:
        views.setdefault(route.view, []).append(route)
    sources = {name: _as_view(name, members) for name, members in views.items()}
    if len(sources) == 1:
        target = next(iter(sources.values()))
    else:
        pairs = [f"{route.method}={sources[route.view]}" for route in group]
        target = f"by_method({', '.join(pairs)})"
    return layout.entry(f"path({literal(spelling)}, {target})")


def _as_view(name: str, members: list[Route]) -> str:
    arguments = []
    methods = sorted({route.method for route in members})
    if set(methods) != AUTH_METHODS[name]:
        arguments.append(f"http_method_names={literal(methods)}")
    replies = [source for route in members if (source := reply_source(route.reply))]
    if replies:
        arguments.append(f"reply={replies[0]}")
    return f"{name}.as_view({', '.join(arguments)})"
