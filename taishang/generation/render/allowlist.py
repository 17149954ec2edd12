"""The last look before code leaves: every module is parsed and may hold only what we ever write."""

from __future__ import annotations

import ast

ANYWHERE = frozenset(
    {"accounts", "config", "django", "rest_framework", "rest_framework_simplejwt", "drf_spectacular",
     "django_filters", "environ", "uuid", "itertools", "datetime", "dataclasses"}
)  # fmt: skip
SPECIAL = {
    "manage.py": {"os", "sys"},
    "config/asgi.py": {"os"},
    "config/wsgi.py": {"os"},
    "config/settings.py": {"pathlib"},
    "routing.py": {"importlib"},
}
FORBIDDEN = frozenset(
    {"exec", "eval", "compile", "open", "__import__", "globals", "locals", "vars", "breakpoint", "input",
     "delattr", "memoryview"}
)  # fmt: skip
DUNDERS = frozenset({"__init__", "__call__", "__str__", "__all__", "__file__", "__name__"})
MAX_BYTES = 2_000_000


class RenderUnsafe(Exception):
    """A rendered module holds something that is never written on purpose."""

    code = "render_unsafe"

    def __init__(self, path: str, line: int, what: str) -> None:
        super().__init__(f"{path}:{line}: {what}")
        self.path, self.line, self.what = path, line, what


def inspect(*, path: str, source: bytes, app: str) -> None:
    """Raises RenderUnsafe for syntax errors and for anything outside the list."""
    if len(source) > MAX_BYTES:
        raise RenderUnsafe(path, 1, "too large")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise RenderUnsafe(path, getattr(error, "lineno", 1) or 1, "no valid Python") from error
    special = next((names for end, names in SPECIAL.items() if path.endswith(end)), set())
    allowed = ANYWHERE | {app} | special
    for node in ast.walk(tree):
        complaint = _complaint(node, allowed)
        if complaint:
            raise RenderUnsafe(path, getattr(node, "lineno", 1), complaint)


def _complaint(node: ast.AST, allowed: frozenset[str]) -> str | None:
    if isinstance(node, ast.Import):
        return _foreign([alias.name for alias in node.names], allowed)
    if isinstance(node, ast.ImportFrom):
        starred = any(alias.name == "*" for alias in node.names)
        return "star import" if starred else _foreign([node.module or ""], allowed)
    if isinstance(node, ast.Name):
        return f"name {node.id}" if node.id in FORBIDDEN or _is_strange(node.id) else None
    if isinstance(node, ast.Attribute):
        return f"attribute {node.attr}" if _is_strange(node.attr) else None
    if isinstance(node, ast.AsyncFunctionDef | ast.Global | ast.Nonlocal):
        return type(node).__name__
    return None


def _foreign(modules: list[str], allowed: frozenset[str]) -> str | None:
    foreign = [name for name in modules if name.split(".")[0] not in allowed]
    return f"import of {foreign[0]}" if foreign else None


def _is_strange(name: str) -> bool:
    return name.startswith("__") and name not in DUNDERS
