"""The packages of an export: where front ends and servers stand, and what they are built with."""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from taishang.generation.ir import Export, SourceFile

# First match wins: a framework stands before the library it is built on.
FRAMEWORKS = (
    ("next", ("next",)),
    ("expo", ("expo", "react-native")),
    ("nuxt", ("nuxt", "nuxt3")),
    ("sveltekit", ("@sveltejs/kit",)),
    ("astro", ("astro",)),
    ("remix", ("@remix-run/react", "@remix-run/node")),
    ("angular", ("@angular/core",)),
    ("solid", ("solid-js",)),
    ("svelte", ("svelte",)),
    ("vue", ("vue",)),
    ("react", ("react", "preact")),
)
SERVER_PACKAGES = (
    "express", "hono", "fastify", "koa", "@nestjs/core", "@hapi/hapi", "restify", "apollo-server",
)  # fmt: skip
SERVER_IMPORT = re.compile(
    r"""(?:from\s+|require\()\s*["'](?:express|hono|fastify|koa|@nestjs/|@hapi/hapi|apollo-server|mongoose)"""
)
SERVER_FOLDERS = frozenset({"server", "backend", "api-server", "functions", "worker", "netlify"})
TOOL_FOLDERS = frozenset(
    {"scripts", "tools", "bin", "cli", "prisma", "migrations", "docs", ".github", "seed"}
)
SERVER_SUFFIXES = frozenset({".py", ".rb", ".php", ".go", ".java", ".kt", ".cs", ".rs"})
FRONT_SUFFIXES = frozenset(
    {".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte", ".astro", ".html", ".rsx"}
)
CONFIGURATION = re.compile(
    r"(^|/)[\w.-]+\.(config|conf|setup)\.[cm]?[jt]s$|(^|/)(gulpfile|Gruntfile)\.js$"
)


@dataclass(frozen=True)
class Package:
    """One `package.json`: its folder ("" = top) and what it depends on."""

    folder: str
    dependencies: frozenset[str]
    proxy: str = ""

    @property
    def framework(self) -> str:
        for name, packages in FRAMEWORKS:
            if self.dependencies.intersection(packages):
                return name
        return ""

    @property
    def is_server(self) -> bool:
        return not self.framework and bool(self.dependencies.intersection(SERVER_PACKAGES))


def read_packages(export: Export) -> list[Package]:
    """Every readable `package.json`, sorted by folder."""
    found = []
    for file in export.files:
        if file.path == "package.json" or file.path.endswith("/package.json"):
            content = read_json(file)
            names = [
                name
                for key in ("dependencies", "devDependencies")
                for name in _keys(content.get(key))
            ]
            proxy = content.get("proxy")
            found.append(
                Package(
                    posixpath.dirname(file.path),
                    frozenset(names),
                    proxy if isinstance(proxy, str) else "",
                )
            )
    return sorted(found, key=lambda package: package.folder)


def read_json(file: SourceFile) -> dict[str, Any]:
    """The object in a JSON file; comments and trailing commas are allowed; {} when it is none."""
    text = file.text or ""
    for candidate in (text, _without_comments(text)):
        try:
            content = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        return content if isinstance(content, dict) else {}
    return {}


def _without_comments(text: str) -> str:
    pattern = r'("(?:[^"\\\n]|\\.){0,5000}")|//[^\n]*|/\*[\s\S]{0,20000}?\*/'
    bare = re.sub(pattern, lambda found: found.group(1) or "", text)
    return re.sub(r",(\s{0,200}[}\]])", r"\1", bare)


def _keys(value: object) -> list[str]:
    return [key for key in value if isinstance(key, str)] if isinstance(value, dict) else []


def is_front_source(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in FRONT_SUFFIXES


def roots_of(export: Export, packages: list[Package]) -> list[tuple[str, int]]:
    """(folder, source files) of each front end, the one with most files first."""
    folders = [package.folder for package in packages if package.framework]
    if not folders:
        folders = sorted(
            {
                posixpath.dirname(f.path)
                for f in export.files
                if f.path.rsplit("/", 1)[-1] == "index.html"
            }
        )[:8] or [""]
    counts: Counter[str] = Counter(dict.fromkeys(folders, 0))
    for file in export.files:
        if not is_front_source(file.path):
            continue
        home = [folder for folder in folders if not folder or file.path.startswith(folder + "/")]
        if home:
            counts[max(home, key=len)] += 1
    return sorted(counts.items(), key=lambda item: (-item[1], len(item[0]), item[0]))


def server_files(
    export: Export, packages: list[Package], root: str, others: list[str]
) -> list[str]:
    """Paths that are no front end: servers, edge functions, scripts, configuration, other front ends."""
    folders = {package.folder for package in packages if package.is_server and package.folder}
    folders |= _imported_servers(export, root)
    folders |= {
        other for other in others if other and not root.startswith(other + "/") and other != root
    }
    return sorted(file.path for file in export.files if _is_server_file(file, folders, root))


def _imported_servers(export: Export, root: str) -> set[str]:
    """Top folders named for servers in which a file imports a server framework."""
    found = set()
    for file in export.files:
        relative = file.path.removeprefix(root + "/") if root else file.path
        top = relative.split("/", 1)[0]
        if "/" in relative and top in SERVER_FOLDERS and SERVER_IMPORT.search(file.text or ""):
            found.add(file.path[: len(file.path) - len(relative) + len(top)])
    return found


def _is_server_file(file: SourceFile, folders: set[str], root: str) -> bool:
    path = file.path
    if file.server_side or PurePosixPath(path).suffix.lower() in SERVER_SUFFIXES:
        return True
    if any(path.startswith(folder + "/") for folder in folders):
        return True
    relative = path.removeprefix(root + "/") if root else path
    parts = relative.split("/")
    hidden = len(parts) > 1 and parts[0].startswith(".")
    if "supabase/functions/" in path or parts[0] in TOOL_FOLDERS or hidden:
        return is_front_source(path)
    bare = len(parts) == 1 and SERVER_IMPORT.search(file.text or "") is not None
    return bare or (is_front_source(path) and bool(CONFIGURATION.search(path)))
