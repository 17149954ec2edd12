"""Taking stock: tool, framework, root, aliases, variables, proxies, servers."""

from __future__ import annotations

import pytest

from taishang.generation.adapters import ADAPTERS, SourceAdapter
from taishang.generation.adapters.base import no_facts, no_roots
from taishang.generation.inventory import inspect
from taishang.generation.ir import Export
from tests.generation.exports import export_of

PACKAGE = '{"name": "%s", "dependencies": {"%s": "1"}}'


def package(dependency: str = "react", name: str = "app") -> str:
    return PACKAGE % (name, dependency)


@pytest.mark.parametrize(
    ("files", "source"),
    [
        ({".bolt/config.json": "{}"}, "bolt"),
        ({"package.json": package(name="vite-react-typescript-starter")}, "bolt"),
        ({"app/layout.tsx": "export const metadata = {\n  generator: 'v0.app',\n}\n"}, "v0"),
        ({"package.json": package(name="my-v0-project")}, "v0"),
        ({"package.json": package("lovable-tagger")}, "lovable"),
        ({".lovable/plan.md": "# plan"}, "lovable"),
        ({"main.rsx": "<App></App>"}, "retool"),
        ({"app.json": '{"page": {"data": {"appState": "x"}}}'}, "retool"),
        ({"README.md": "https://lovable.dev/projects/1"}, "unknown"),
        ({"src/a.ts": "1"}, "unknown"),
    ],
)
def test_the_tool_is_told_by_its_markers(files: dict[str, str], source: str) -> None:
    inventory = inspect(export=export_of(files))

    assert inventory.source == source


def test_the_source_can_be_forced_and_markers_quote_their_line() -> None:
    export = export_of({"app/layout.tsx": "a\n  generator: 'v0.dev',\n"})

    assert inspect(export=export, source_override="bolt").source == "bolt"
    marker = inspect(export=export).markers[0]
    assert (marker.line, marker.excerpt) == (2, "generator: 'v0.dev',")


def test_an_adapter_that_raises_is_left_out_with_a_warning() -> None:
    def broken(_export: Export) -> list:
        raise ValueError("no")

    adapter = SourceAdapter("broken_adapter", "1", "bolt", broken, no_roots, no_facts)

    inventory = inspect(export=export_of({"main.rsx": ""}), sources=(adapter, *ADAPTERS))

    assert inventory.source == "retool"
    assert [warning.code for warning in inventory.warnings] == ["adapter_failed"]


@pytest.mark.parametrize(
    ("dependency", "framework"),
    [("next", "next"), ("expo", "expo"), ("react", "react"), ("vue", "vue"), ("nuxt", "nuxt"),
     ("@angular/core", "angular"), ("@sveltejs/kit", "sveltekit"), ("left-pad", "html")],
)  # fmt: skip
def test_the_framework_is_told_by_the_dependencies(dependency: str, framework: str) -> None:
    export = export_of({"package.json": package(dependency), "src/a.ts": ""})

    assert inspect(export=export).framework == framework


def test_of_several_front_ends_the_larger_is_the_root_and_the_other_a_decision() -> None:
    files = {"web/package.json": package(), "admin/package.json": package(), "admin/src/x.ts": ""}
    files |= {f"web/src/{i}.ts": "" for i in range(3)}

    inventory = inspect(export=export_of(files))

    assert inventory.root == "web"
    assert [(d.key, d.chosen, d.alternatives) for d in inventory.decisions] == [
        ("decision:root", "web", ["admin"])
    ]
    assert "admin/src/x.ts" in inventory.server_files


def test_servers_functions_and_scripts_are_no_front_end() -> None:
    files = {
        "package.json": package(),
        "src/a.ts": "",
        "server/index.ts": 'import express from "express";',
        "server/routes.ts": "",
        "api/package.json": package("hono"),
        "api/src/x.ts": "",
        "supabase/functions/mail/index.ts": "",
        "scripts/seed.ts": "",
        "manage.py": "",
        "vite.config.ts": "",
    }

    inventory = inspect(export=export_of(files))

    assert set(files) - set(inventory.server_files) == {
        "package.json",
        "src/a.ts",
        "api/package.json",
    } - set(inventory.server_files)
    assert "src/a.ts" not in inventory.server_files


def test_aliases_come_from_compiler_and_bundler() -> None:
    files = {
        "web/package.json": package(),
        "web/tsconfig.json": '{ // note\n "compilerOptions": {"baseUrl": "src", "paths": {"~lib/*": ["lib/*"],}} }',
        "web/vite.config.ts": 'resolve: { alias: { "@": path.resolve(__dirname, "./src"), "#ui": resolve("src/ui") } }',
    }

    aliases = inspect(export=export_of(files)).aliases

    assert aliases["~lib/"] == ["web/src/lib/"]
    assert aliases["@/"] == ["web/src/"]
    assert aliases["#ui/"] == ["web/src/ui/"]


@pytest.mark.parametrize(
    ("text", "proxies"),
    [
        ("server: { proxy: { '/api': 'http://localhost:8000' } }", {"/api": "http://localhost:8000/api"}),
        ("server: { proxy: { '/api': { target: 'http://localhost:8000', changeOrigin: true } } }", {"/api": "http://localhost:8000/api"}),
        (
            "proxy: { '/api': { target: 'http://localhost:8000',\n rewrite: (path) => path.replace(/^\\/api/, '') } }",
            {"/api": "http://localhost:8000"},
        ),
        (
            "proxy: { '/api': { target: 'http://localhost:8000',\n rewrite: (p) => p.replace(/^\\/api/, '/v2') } }",
            {"/api": "http://localhost:8000/v2"},
        ),
    ],
)  # fmt: skip
def test_dev_server_proxies_are_read(text: str, proxies: dict[str, str]) -> None:
    export = export_of(
        {"package.json": package(), "vite.config.ts": f"export default {{ {text} }}"}
    )

    assert inspect(export=export).proxies == proxies


def test_rewrites_of_next_are_read() -> None:
    config = (
        "async rewrites() { return [\n"
        "  { source: '/api/:path*', destination: 'http://localhost:8000/v1/:path*' },\n"
        "  { source: '/env/:path*', destination: `${process.env.BACKEND}/inner/:path*` },\n"
        "  { source: '/about', destination: '/company' },\n] }"
    )
    export = export_of({"package.json": package("next"), "next.config.mjs": config})

    assert inspect(export=export).proxies == {
        "/api": "http://localhost:8000/v1",
        "/env": "http://localhost/inner",
    }


def test_languages_are_counted_with_their_lines() -> None:
    languages = inspect(export=export_of({"a.ts": "1\n2\n", "b.tsx": "1"})).languages

    assert {name: (count.files, count.lines) for name, count in languages.items()} == {
        "TypeScript": (1, 3),
        "TypeScript (JSX)": (1, 1),
    }
