"""Import aliases, dev-server proxies and rewrites, read from configuration files without running them."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import urlsplit

from taishang.generation.inventory.packages import Package, read_json
from taishang.generation.ir import Export, SourceFile

MAX_ENTRIES = 100
PATH = r"""["'`]([^"'`\n]{1,300})["'`]"""
ALIAS = re.compile(
    r"""["']?([@~#$]?[\w@~#$/-]{0,60})["']?\s{0,4}:\s{0,4}"""
    r"""(?:path\.)?(?:resolve|join|fileURLToPath)\((?:[^"'()\n]|new URL\(){0,80}["'](\.{0,2}/?[\w./-]{0,120})["']"""
)
ALIAS_LIST = re.compile(
    r"""find\s{0,3}:\s{0,3}["']([@~#$][\w/-]{0,60})["'][^}]{0,120}?["'](\.{0,2}/[\w./-]{1,120})["']"""
)
PROXY_ENTRY = re.compile(
    r"""["'](\^?/[\w./*-]{0,80})["']\s{0,4}:\s{0,4}(?:["'`](https?://[^"'`\n]{1,200})["'`]|\{([^{}]{0,600}))"""
)
TARGET = re.compile(r"target\s{0,4}:\s{0,4}([^\n]{0,300})")
ADDRESS = re.compile(r"""["'`](https?://[^"'`\n$]{1,200})""")
REWRITE = re.compile(
    r"rewrite\s{0,4}:[^\n]{0,60}replace\(\s{0,4}(/[^\n]{1,80}/|[\"'][^\n]{1,80}[\"'])\s{0,4},\s{0,4}[\"']([^\"'\n]{0,80})[\"']"
)
PATH_REWRITE = re.compile(
    r"""pathRewrite\s{0,4}:\s{0,4}\{\s{0,20}["']\^?(/[\w/-]{0,80})["']\s{0,4}:\s{0,4}["']([^"'\n]{0,80})["']"""
)
SOURCE_DESTINATION = re.compile(
    r"""["']?source["']?\s{0,4}:\s{0,4}["'`](/[^"'`\n]{0,200})["'`]\s{0,4},\s{0,200}"""
    r"""["']?destination["']?\s{0,4}:\s{0,4}([^\n]{1,300})"""
)
REDIRECT_LINE = re.compile(r"^(/\S{0,200})\s+(https?://\S{1,300})\s+200", re.M)
CONFIGURATIONS = re.compile(
    r"(^|/)(vite|next|vue|nuxt|svelte|astro|webpack|rsbuild|farm|craco|metro|babel|electron\.vite)\.config\.[cm]?[jt]s$"
    r"|(^|/)(setupProxy\.[jt]s|proxy\.conf\.(json|js)|vercel\.json|_redirects|netlify\.toml|babel\.config\.js)$"
)


def read_aliases(export: Export, root: str) -> dict[str, list[str]]:
    """Import prefix → folders, both relative to the export: {"@/": ["src/"]}."""
    aliases: dict[str, list[str]] = {}
    for file in export.files:
        base = file.path.rsplit("/", 1)[-1]
        if re.fullmatch(r"(ts|js)config[\w.]*\.json", base):
            _read_compiler_paths(file, aliases)
        elif CONFIGURATIONS.search(file.path) and file.text:
            _read_bundler_aliases(file, aliases)
    return {prefix: aliases[prefix] for prefix in sorted(aliases)[:MAX_ENTRIES]}


def _read_compiler_paths(file: SourceFile, aliases: dict[str, list[str]]) -> None:
    options = read_json(file).get("compilerOptions")
    if not isinstance(options, dict):
        return
    base = options.get("baseUrl")
    folder = posixpath.join(posixpath.dirname(file.path), base if isinstance(base, str) else ".")
    paths = options.get("paths")
    for pattern, targets in sorted(paths.items()) if isinstance(paths, dict) else []:
        for target in targets if isinstance(targets, list) else []:
            if isinstance(target, str):
                _add(aliases, pattern, posixpath.join(folder, target))


def _read_bundler_aliases(file: SourceFile, aliases: dict[str, list[str]]) -> None:
    folder = posixpath.dirname(file.path)
    text = file.text or ""
    for found in [*ALIAS.finditer(text), *ALIAS_LIST.finditer(text)]:
        prefix, target = found.group(1), found.group(2)
        if prefix and prefix not in {
            "root",
            "base",
            "outDir",
            "input",
            "publicDir",
            "entry",
            "path",
        }:
            _add(aliases, prefix, posixpath.join(folder, target.lstrip("/")))
            _add(
                aliases, prefix.rstrip("/") + "/*", posixpath.join(folder, target.lstrip("/"), "*")
            )


def _add(aliases: dict[str, list[str]], pattern: str, target: str) -> None:
    starred = pattern.endswith("*")
    prefix = pattern.removesuffix("*")
    folder = posixpath.normpath(target.removesuffix("*"))
    folder = "" if folder == "." else folder
    if not prefix or folder.startswith("..") or (starred and not prefix.endswith("/")):
        return
    folders = aliases.setdefault(prefix, [])
    spelled = folder + "/" if starred and folder else folder
    if spelled not in folders:
        folders.append(spelled)


def read_proxies(export: Export, packages: list[Package], root: str) -> dict[str, str]:
    """Front-end path prefix → where it is sent, its path included: {"/api": "http://localhost:8000/api"}."""
    proxies: dict[str, str] = {}
    for file in export.files:
        if CONFIGURATIONS.search(file.path) and file.text:
            for prefix, target in _proxies_of(file.text):
                proxies.setdefault(prefix, target)
    return {prefix: proxies[prefix] for prefix in sorted(proxies)[:MAX_ENTRIES]}


def _proxies_of(text: str) -> list[tuple[str, str]]:
    found = []
    if "proxy" in text.lower():
        found += [pair for match in PROXY_ENTRY.finditer(text) if (pair := _proxy(match))]
    for match in SOURCE_DESTINATION.finditer(text):
        pair = _rewrite(match.group(1), match.group(2))
        if pair:
            found.append(pair)
    for match in REDIRECT_LINE.finditer(text):
        pair = _rewrite(match.group(1).replace("*", ":splat"), f'"{match.group(2)}"')
        if pair:
            found.append(pair)
    return found


def _proxy(match: re.Match[str]) -> tuple[str, str] | None:
    prefix = match.group(1).lstrip("^").rstrip("*").rstrip("/") or "/"
    if match.group(2):
        return prefix, _joined(match.group(2), prefix)
    body = match.group(3) or ""
    target = TARGET.search(body)
    if target is None:
        return None
    address = ADDRESS.search(target.group(1))
    origin = address.group(1) if address else "http://localhost"
    rewritten = prefix
    rewrite = REWRITE.search(body)
    if rewrite:
        pattern = rewrite.group(1).strip("/\"'").lstrip("^").replace("\\/", "/")
        if prefix.startswith(pattern.rstrip("/")) or pattern.startswith(prefix):
            rewritten = rewrite.group(2) + prefix[len(pattern.rstrip("/")) :]
    return prefix, _joined(origin, rewritten)


def _joined(origin: str, path: str) -> str:
    return origin.rstrip("/") + ("/" + path.strip("/") if path.strip("/") else "")


def _rewrite(source: str, destination: str) -> tuple[str, str] | None:
    """A rewrite rule that sends a prefix to another server."""
    prefix = re.split(r"[:*(]", source)[0].rstrip("/") or "/"
    address = ADDRESS.search(destination)
    if address is not None:
        target = re.split(r"[:*(](?!//)", address.group(1)[8:])[0]
        target = address.group(1)[:8] + _keep_port(address.group(1)[8:], target)
        return prefix, target.rstrip("/")
    variable = re.search(r"`\$\{[^}]{1,120}\}(/[^`:*$]{0,200})?", destination)
    if variable:
        return prefix, "http://localhost" + (variable.group(1) or "").rstrip("/")
    return None


def _keep_port(rest: str, cut: str) -> str:
    """A colon may start a port as well as a parameter."""
    port = re.match(r"([^/:]{1,200}:\d{2,5})(/[^:*(]{0,200})?", rest)
    return port.group(1) + (port.group(2) or "") if port else cut


def target_path(target: str) -> str:
    """The path part of a proxy's target, without a trailing slash."""
    return urlsplit(target).path.rstrip("/")
