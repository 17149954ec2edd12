"""Route handlers of Next: their paths from folders, their methods from exported names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tree_sitter import Node

from taishang.generation.evidence.modules import Link, Project
from taishang.generation.evidence.syntax import Module, walk
from taishang.generation.ir import PathParameter

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
APP_ROUTE = re.compile(r"(?:^|/)app/((?:[^/]+/)*)route\.(?:ts|tsx|js|jsx|mjs)$")
PAGES_ROUTE = re.compile(r"(?:^|/)pages/(api/(?:[^/]+/)*[^/]+)\.(?:ts|tsx|js|jsx|mjs)$")
OWN_WORK = re.compile(
    r"prisma|firestore|firebase|mongoose|mongodb|drizzle|knex|typeorm|sequelize|supabase|redis|@vercel/(?:kv|"
    r"postgres|blob)|stripe|nodemailer|resend|openai|(?:^|[/-])(?:db|database|store|stores|storage|repository)(?:$|[/-])",
    re.I,
)
METHOD_TEST = re.compile(r"""method\s{0,3}[!=]==?\s{0,3}["'](GET|POST|PUT|PATCH|DELETE)["']""")
METHOD_CASE = re.compile(r"""case\s{1,3}["'](GET|POST|PUT|PATCH|DELETE)["']\s{0,3}:""")
MAX_HANDLER = 100_000


@dataclass(eq=False)
class Route:
    """One method of one handler file. `catch_all` names the parameter that swallows the rest, if any."""

    module: Module
    node: Node
    method: str
    path: str
    parameters: list[PathParameter] = field(default_factory=list)
    catch_all: str = ""
    certain: bool = True

    def covers(self, module: Module, node: Node) -> bool:
        """Whether `node` stands inside the handler."""
        inside = self.node.start_byte <= node.start_byte and node.end_byte <= self.node.end_byte
        return module.path == self.module.path and inside


def is_handler(path: str) -> bool:
    """Whether a file holds route handlers."""
    return bool(APP_ROUTE.search(path) or PAGES_ROUTE.search(path))


def find_routes(project: Project) -> list[Route]:
    """Every route handler, by file and method."""
    found: list[Route] = []
    for module in project.modules.values():
        app, pages = APP_ROUTE.search(module.path), PAGES_ROUTE.search(module.path)
        if app:
            found += _app_routes(project, module, app.group(1))
        elif pages:
            found += _pages_routes(project, module, pages.group(1))
    return found


def works_itself(project: Project, route: Route) -> bool:
    """Whether the handler uses a store or a service of its own besides forwarding."""
    words = {route.module.text_of(node) for node in walk(route.node) if node.type == "identifier"}
    names = project.names(route.module)
    return any(
        name in words and OWN_WORK.search(target.specifier)
        for name, target in names.bound.items()
        if isinstance(target, Link)
    )


def _app_routes(project: Project, module: Module, folders: str) -> list[Route]:
    path, parameters, catch_all = _path_of(folders.strip("/").split("/"))
    found = []
    for method in METHODS:
        if method not in project.names(module).exported:
            continue
        declared = project.exported(module, method)
        node = _handler(project, *declared) if declared and declared[0] is module else module.root
        found.append(Route(module, node, method, path, parameters, catch_all))
    return found


def _handler(project: Project, module: Module, node: Node) -> Node:
    """The function behind a declaration; `export const GET = handler` leads on to `handler`."""
    value = node.child_by_field_name("value") if node.type == "variable_declarator" else None
    if value is not None and value.type == "identifier":
        found = project.definition(module, module.text_of(value))
        return found[1] if found is not None and found[0] is module else node
    return node


def _pages_routes(project: Project, module: Module, name: str) -> list[Route]:
    parts = name.split("/")
    if parts[-1] == "index":
        parts.pop()
    path, parameters, catch_all = _path_of(parts)
    declared = project.exported(module, "default")
    if declared is None:
        return []
    text = module.text[:MAX_HANDLER]
    methods = sorted({*METHOD_TEST.findall(text), *METHOD_CASE.findall(text)}, key=METHODS.index)
    certain = bool(methods)
    if not methods:
        methods = ["POST" if re.search(r"\breq(?:uest)?\.body\b", text) else "GET"]
    return [
        Route(module, module.root, method, path, parameters, catch_all, certain)
        for method in methods
    ]


def _path_of(folders: list[str]) -> tuple[str, list[PathParameter], str]:
    """(path with holes, parameters, catch-all) of a list of folder names."""
    segments: list[str] = []
    parameters: list[PathParameter] = []
    for folder in folders:
        if not folder or folder.startswith("@") or re.fullmatch(r"\(.*\)", folder):
            continue
        rest = re.fullmatch(r"\[{1,2}\.\.\.(\w+)\]{1,2}|\[(trpc)\]", folder)
        if rest:
            return "/" + "/".join(segments), parameters, rest.group(1) or rest.group(2)
        hole = re.fullmatch(r"\[(\w+)\]", folder)
        if hole:
            name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", hole.group(1)).lower()
            parameters.append(PathParameter(name=name, expression=hole.group(1)))
            segments.append("{" + name + "}")
        else:
            segments.append(folder)
    return "/" + "/".join(segments), parameters, ""
