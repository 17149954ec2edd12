"""Which entries of an export are worth reading, and which folder it is wrapped in."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from laojun.zipsafe import Entry

MAX_WRAPPERS = 3
ALWAYS_IGNORED = {
    "node_modules": "dependencies",
    "bower_components": "dependencies",
    "jspm_packages": "dependencies",
    "web_modules": "dependencies",
    ".pnpm-store": "dependencies",
    ".yarn": "dependencies",
    "Pods": "dependencies",
    "site-packages": "dependencies",
    "venv": "dependencies",
    ".venv": "dependencies",
    ".git": "version control",
    ".hg": "version control",
    ".svn": "version control",
    ".history": "version control",
    ".lh": "version control",
    "__pycache__": "caches",
    ".cache": "caches",
    ".parcel-cache": "caches",
    ".turbo": "caches",
    ".nx": "caches",
    ".eslintcache": "caches",
    ".gradle": "caches",
    ".next": "build output",
    ".nuxt": "build output",
    ".output": "build output",
    ".svelte-kit": "build output",
    ".expo": "build output",
    ".astro": "build output",
    ".vercel": "build output",
    ".netlify": "build output",
    ".angular": "build output",
    ".docusaurus": "build output",
    "storybook-static": "build output",
    "DerivedData": "native build output",
    "__MACOSX": "packer litter",
    "__tests__": "tests",
    "__mocks__": "tests",
    "cypress": "tests",
    "e2e": "tests",
    "playwright": "tests",
}
# Names that are build output at the top of a project but may be honest folders inside its sources.
IGNORED_OUTSIDE_SOURCES = {
    "dist": "build output",
    "build": "build output",
    "out": "build output",
    "public_html": "build output",
    "coverage": "build output",
    "vendor": "dependencies",
    "ios": "native build output",
    "android": "native build output",
    "target": "build output",
    "bin": "build output",
    "obj": "build output",
    "tests": "tests",
    "test": "tests",
}
SOURCE_FOLDERS = frozenset(
    {"src", "app", "pages", "components", "lib", "features", "modules", "packages", "apps"}
)
LOCKFILES = frozenset(
    {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb",
     "deno.lock", "composer.lock", "Gemfile.lock", "poetry.lock", "uv.lock", "Pipfile.lock", "Cargo.lock",
     "Podfile.lock", "go.sum", "pdm.lock"}
)  # fmt: skip
KEPT_TOPS = SOURCE_FOLDERS | frozenset(ALWAYS_IGNORED) | {"public", "supabase", ".bolt"}
PROJECT_SIGNS = frozenset({"package.json", "src", "index.html", "tsconfig.json", "main.rsx"})
LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".gitkeep", ".keep"})
TEXT_SUFFIXES = frozenset(
    {".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".rsx", ".vue", ".svelte", ".astro",
     ".html", ".htm", ".json", ".jsonc", ".json5", ".md", ".mdx", ".sql", ".prisma", ".graphql", ".gql",
     ".yaml", ".yml", ".toml", ".txt", ".csv", ".py", ".rb", ".php", ".go", ".java", ".kt", ".cs", ".rs",
     ".env", ".http", ".rest", ".proto", ".hbs", ".ejs", ".pug", ".conf", ".ini", ".xml", ".sh"}
)  # fmt: skip
STYLE_SUFFIXES = frozenset({".css", ".scss", ".sass", ".less", ".styl", ".pcss"})
TEXT_NAMES = frozenset(
    {
        "prompt",
        "Dockerfile",
        "Procfile",
        ".gitignore",
        "Makefile",
        "_redirects",
        "Caddyfile",
        "LICENSE",
    }
)
TEST_NAME = re.compile(r"\.(test|spec|cy|e2e)\.[cm]?[jt]sx?$")
STORY_NAME = re.compile(r"\.(stories|story)\.([cm]?[jt]sx?|mdx|svelte|vue)$")


def reason_to_ignore(entry: Entry, name: str) -> str | None:
    """Why the file `name` (wrappers stripped) is not read, or None when it is."""
    if entry.skipped:
        return {"link": "links", "device": "devices"}.get(entry.skipped, "nested archives")
    *folders, base = name.split("/")
    for position, folder in enumerate(folders):
        found = ALWAYS_IGNORED.get(folder)
        if found is None and not SOURCE_FOLDERS & set(folders[:position]):
            found = IGNORED_OUTSIDE_SOURCES.get(folder)
        if found:
            return found
    return _ignored_name(base)


def _ignored_name(base: str) -> str | None:
    if base in LITTER or base.startswith("._"):
        return "packer litter"
    if base in LOCKFILES:
        return "lockfiles"
    if TEST_NAME.search(base):
        return "tests"
    if STORY_NAME.search(base):
        return "stories"
    suffix = PurePosixPath(base).suffix.lower()
    if suffix == ".map":
        return "source maps"
    if re.search(r"\.min\.[cm]?js$", base):
        return "build output"
    if suffix in STYLE_SUFFIXES:
        return "styles"
    known = suffix in TEXT_SUFFIXES or base in TEXT_NAMES or base.startswith(".env")
    return None if known or not suffix else "binaries and media"


def wrapper_of(names: list[str]) -> str:
    """The folder that everything stands in ("" for none), at most three levels, litter aside."""
    names = [name for name in names if not _is_litter(name)]
    wrapper = ""
    for _ in range(MAX_WRAPPERS):
        tops = {name[len(wrapper) :].split("/", 1)[0] for name in names}
        nested = all("/" in name[len(wrapper) :] for name in names)
        if len(tops) != 1 or not nested:
            break
        top = tops.pop()
        inner = {name[len(wrapper) + len(top) + 1 :].split("/", 1)[0] for name in names}
        if top in KEPT_TOPS and not inner & PROJECT_SIGNS:
            break
        wrapper += top + "/"
    return wrapper


def _is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in LITTER
