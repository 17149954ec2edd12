"""Modules find each other, names find their declarations, and hostile files harm nobody."""

from __future__ import annotations

import time

import pytest

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.syntax import SyntaxFailure, check_grammars, parse_module, walk
from taishang.generation.inventory import inspect
from tests.generation.exports import export_of, facts_of


def project(files: dict[str, str]) -> Project:
    export = export_of(files)
    return Project(export, inspect(export=export))


FILES = {
    "src/a.ts": 'import d, { two as zwei, three } from "./b";\nimport * as all from "@/b";\nimport x from "react";\n',
    "src/b.ts": 'export * from "./c";\nexport { four as three } from "./deep";\nexport default function named() {}\n',
    "src/c.ts": "export const two = 2;\nexport interface Shape { id: string }\n",
    "src/deep/index.js": "const four = 4;\nmodule.exports = { four };\n",
}


@pytest.mark.parametrize(
    ("name", "file", "kind"),
    [
        ("d", "src/b.ts", "function_declaration"),
        ("zwei", "src/c.ts", "variable_declarator"),
        ("three", "src/deep/index.js", "variable_declarator"),
        ("all", "src/b.ts", "program"),
    ],
)
def test_a_name_is_followed_to_its_declaration(name: str, file: str, kind: str) -> None:
    graph = project(FILES)

    found = graph.definition(graph.modules["src/a.ts"], name)

    assert found is not None
    assert (found[0].path, found[1].type) == (file, kind)


def test_packages_and_circles_lead_nowhere() -> None:
    graph = project(
        {**FILES, "src/x.ts": 'export { y } from "./y";', "src/y.ts": 'export { y } from "./x";'}
    )

    assert graph.definition(graph.modules["src/a.ts"], "x") is None
    assert graph.exported(graph.modules["src/x.ts"], "y") is None


def test_each_grammar_parses_its_sample() -> None:
    check_grammars()


def test_script_blocks_keep_the_lines_of_their_file() -> None:
    module = parse_module(
        path="a.vue",
        text="<template>\n<b/>\n</template>\n<script lang='ts'>\nconst a: number = 1\n</script>\n",
    )

    assert [module.line_of(node) for node in module.find("variable_declarator")] == [5]


def test_a_file_of_errors_is_skipped_with_a_warning() -> None:
    graph = project(
        {"src/bad.ts": "%%% ((( const ]] <<< !!! " * 40, "src/good.ts": "export const a = 1"}
    )

    assert list(graph.modules) == ["src/good.ts"]
    assert [warning.code for warning in graph.warnings] == ["parse_errors"]


def test_parsing_stops_at_its_deadline() -> None:
    with pytest.raises(SyntaxFailure) as failure:
        parse_module(path="a.ts", text="const a = [1];\n" * 50_000, seconds=0.0)

    assert failure.value.code == "parse_timeout"


HOSTILE = {
    "brackets": "a = " + "[" * 20_000 + "]" * 20_000,
    "open brackets": "[" * 20_000,
    "sum": "fetch(" + "+".join(["a"] * 5_000) + ")",
    "chain": "fetch(a" + ".b" * 5_000 + ")",
    "ternaries": "fetch(" + "a ? b : " * 3_000 + "c)",
    "calls": "f(" * 5_000 + ")" * 5_000,
    "templates": "fetch(`${" * 300 + "1" + "}`)" * 300,
    "elements": "const a = " + "<a>" * 3_000 + "</a>" * 3_000,
    "self": "const a = a; fetch(a); const b = c, c = b; fetch(b); function f() { return f(); } fetch(f())",
    "mutual wrappers": "const f = (u) => g(u); const g = (u) => { fetch(u); f(u + '/x'); }; f('/a');",
    "growing": "let u = 'x'; " + "u = u + u; " * 60 + "fetch(u)",
    "branches": "let u = '/a'; " + "".join(f"if (c{i}) u += '/{i}'; " for i in range(40)) + "fetch(u)",
    "regexes": "fetch('/a'.replace(/(a+)+$/, 'b'))",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_source_costs_no_more_than_seconds(name: str) -> None:
    started = time.process_time()

    facts_of({"src/a.tsx": HOSTILE[name], "src/ok.ts": "fetch('/api/fine')"})

    assert time.process_time() - started < 5


def test_walking_goes_no_deeper_than_its_limit() -> None:
    module = parse_module(path="a.ts", text="a = " + "[" * 2_000 + "]" * 2_000)

    assert sum(1 for _ in walk(module.root)) < 500


def test_facts_do_not_depend_on_the_order_of_files() -> None:
    files = {f"src/f{i}.ts": f"export const f{i} = () => fetch('/api/{i}');" for i in range(9)}

    first = facts_of(files)
    second = facts_of(dict(reversed(files.items())))

    assert [fact.model_dump() for fact in first] == [fact.model_dump() for fact in second]
