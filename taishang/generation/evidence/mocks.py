"""Extract rows of literals that the front end uses as data: arrays, maps, state, imported JSON."""

from __future__ import annotations

import json
import posixpath
from typing import Any

from tree_sitter import Node

from taishang.generation.evidence.literals import MISSING, LiteralReader
from taishang.generation.evidence.modules import Link, Project
from taishang.generation.evidence.syntax import Module
from taishang.generation.ir import EXCERPT_CHARACTERS, MAX_SEED_ROWS, Fact, MockValue, Place

TYPED_CONFIDENCE = 0.8
PLAIN_CONFIDENCE = 0.6
MAX_JSON_BYTES = 2_000_000
MAX_JSON_NESTING = 64
_STATE_HOOKS = frozenset(
    {"useState", "ref", "reactive", "signal", "useRef", "atom", "shallowRef", "writable"}
)
_SCREEN_KEYS = frozenset(
    {"icon", "component", "className", "classname", "element", "href", "render", "onClick"}
)
_STYLE_NAMES = (
    "color",
    "variant",
    "style",
    "class",
    "icon",
    "theme",
    "config",
    "column",
    "route",
    "nav",
    "menu",
    "tab",
)


def extract(project: Project) -> list[Fact]:
    """One fact per array (or map) of objects; screen texts with icons or links are left out."""
    reader = LiteralReader(project)
    facts: list[Fact] = []
    for module in project.modules.values():
        for node in module.find("variable_declarator"):
            facts += _declared(project, module, node, reader.fresh())
        for node in module.find("call_expression"):
            facts += _state(project, module, node, reader.fresh())
        facts += _store_members(project, module, reader)
    return facts + _json_rows(project)


def _declared(project: Project, module: Module, node: Node, reader: LiteralReader) -> list[Fact]:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None or value is None or name.type != "identifier" or not _may_hold_rows(value):
        return []
    type_name = _listed_type(module, node.child_by_field_name("type"))
    return _fact(
        project,
        module,
        node,
        module.text_of(name),
        type_name,
        reader.value(module, value),
        held=False,
    )


def _may_hold_rows(value: Node) -> bool:
    while (
        value.type in ("as_expression", "satisfies_expression", "parenthesized_expression")
        and value.named_children
    ):
        value = value.named_children[0]
    return value.type in ("array", "object")


def _state(project: Project, module: Module, node: Node, reader: LiteralReader) -> list[Fact]:
    """`const [tasks, setTasks] = useState<Task[]>([…])` and its kin."""
    function = node.child_by_field_name("function")
    if function is None or module.text_of(function).rpartition(".")[2] not in _STATE_HOOKS:
        return []
    holder = node.child_by_field_name("arguments")
    first = holder.named_children[0] if holder is not None and holder.named_child_count else None
    declarator = node.parent
    if first is None or declarator is None or declarator.type != "variable_declarator":
        return []
    if first.type == "arrow_function":
        first = first.child_by_field_name("body")
    name = _state_name(module, declarator)
    type_name = _listed_type(module, node.child_by_field_name("type_arguments"))
    if not name or first is None or (first.type == "identifier" and type_name is None):
        return []
    return _fact(
        project, module, declarator, name, type_name, reader.value(module, first), held=True
    )


def _state_name(module: Module, declarator: Node) -> str:
    pattern = declarator.child_by_field_name("name")
    if pattern is not None and pattern.type == "array_pattern" and pattern.named_child_count:
        pattern = pattern.named_children[0]
    return module.text_of(pattern) if pattern is not None and pattern.type == "identifier" else ""


def _store_members(project: Project, module: Module, reader: LiteralReader) -> list[Fact]:
    """`products: [{…}, …]` inside the initial state of a store."""
    if not any(
        mark in module.text
        for mark in ("create(", "create<", "createSlice", "defineStore", "initialState")
    ):
        return []
    facts = []
    for node in module.find("pair"):
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        parent = node.parent
        if key is None or value is None or parent is None or not _may_be_state(parent):
            continue
        if value.type == "array" or (value.type == "as_expression" and _may_hold_rows(value)):
            rows = reader.fresh().value(module, value)
            facts += _fact(project, module, node, module.text_of(key), None, rows, held=True)
    return facts


def _may_be_state(node: Node) -> bool:
    holder = node.parent
    while holder is not None and holder.type in (
        "parenthesized_expression",
        "arrow_function",
        "arguments",
        "return_statement",
        "statement_block",
    ):
        holder = holder.parent
    return holder is not None and holder.type in ("call_expression", "pair", "variable_declarator")


def _fact(
    project: Project,
    module: Module,
    node: Node,
    name: str,
    type_name: str | None,
    value: Any,
    *,
    held: bool,
) -> list[Fact]:
    rows = rows_of(value)
    if not rows or _is_screen_copy(name, rows, type_name=type_name):
        return []
    sure = held or type_name is not None
    return [
        Fact(
            place=project.place(module, node, "mock"),
            value=MockValue(name=name, type_name=type_name, rows=rows[:MAX_SEED_ROWS]),
            confidence=TYPED_CONFIDENCE if sure else PLAIN_CONFIDENCE,
        )
    ]


def rows_of(value: Any) -> list[dict[str, Any]]:
    """The rows of an array of objects or of a map from key to object; [] for anything else."""
    if value is MISSING:
        return []
    if isinstance(value, list):
        rows = [row for row in value if isinstance(row, dict) and row]
        return rows if len(rows) * 2 > len(value) else []
    if (
        isinstance(value, dict)
        and len(value) > 1
        and all(isinstance(row, dict) for row in value.values())
    ):
        rows = [row for row in value.values() if row]
        keyed = all("id" in row for row in rows)
        return rows if keyed and len(rows) == len(value) else []
    return []


def _is_screen_copy(name: str, rows: list[dict[str, Any]], *, type_name: str | None) -> bool:
    keys = {key for row in rows for key in row}
    if keys & _SCREEN_KEYS - {"href", "icon"} or (keys & _SCREEN_KEYS and type_name is None):
        return True
    lowered = name.lower()
    return type_name is None and any(part in lowered for part in _STYLE_NAMES)


def _listed_type(module: Module, node: Node | None) -> str | None:
    """`Post` out of `: Post[]`, `Array<Post>`, `Record<string, Post>`, `Post[] | null`."""
    if node is None:
        return None
    text = module.text_of(node).strip().lstrip(":").strip()[:200]
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1].strip()
    text = text.removesuffix("| null").removesuffix("| undefined").strip().removeprefix("readonly ")
    for before in (
        "Array<",
        "ReadonlyArray<",
        "Record<string,",
        "Record<number,",
        "Ref<",
        "Map<string,",
    ):
        if text.startswith(before) and text.endswith(">"):
            text = text[len(before) : -1].strip()
    for before in ("Omit<", "Partial<", "Pick<"):
        if text.startswith(before):
            text = text[len(before) :].partition(",")[0].strip("> ")
    text = text.removesuffix("[]").strip("() ")
    return text if text.isidentifier() and text[:1].isupper() else None


def _json_rows(project: Project) -> list[Fact]:
    """Lists of objects in JSON files that a module imports."""
    imported = _imported_json(project)
    facts = []
    for file in project.export.files:
        if file.path not in imported or file.text is None or file.size > MAX_JSON_BYTES:
            continue
        facts += _rows_of_file(file.path, file.text)
    return facts


def _imported_json(project: Project) -> set[str]:
    known = {file.path for file in project.export.files if file.path.endswith(".json")}
    found = set()
    for module in project.modules.values() if known else []:
        for target in project.names(module).bound.values():
            if isinstance(target, Link) and target.specifier.endswith(".json"):
                found |= {
                    path for path in known if _is_target(project, module, target.specifier, path)
                }
    return found


def _is_target(project: Project, module: Module, specifier: str, path: str) -> bool:
    if specifier.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(module.path), specifier)) == path
    for prefix, folders in project.inventory.aliases.items():
        if specifier.startswith(prefix):
            rest = specifier[len(prefix) :]
            if any(posixpath.normpath(posixpath.join(folder, rest)) == path for folder in folders):
                return True
    tail = specifier.lstrip("@~/")
    return path == tail or path.endswith(f"/{tail}")


def _rows_of_file(path: str, text: str) -> list[Fact]:
    if _nesting(text) > MAX_JSON_NESTING:
        return []
    try:
        value = json.loads(text)
    except ValueError:
        return []
    stem = posixpath.basename(path).removesuffix(".json")
    lists = {stem: value} if isinstance(value, list) else value if isinstance(value, dict) else {}
    facts = []
    for name in lists:
        rows = rows_of(lists[name]) if isinstance(lists[name], list) else []
        if rows and not _is_screen_copy(name, rows, type_name=None):
            place = _json_place(path, text, name)
            value_ = MockValue(name=name, rows=rows[:MAX_SEED_ROWS])
            facts.append(Fact(place=place, value=value_, confidence=TYPED_CONFIDENCE))
    return facts


def _nesting(text: str) -> int:
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _json_place(path: str, text: str, name: str) -> Place:
    lines = text.split("\n")
    quoted = json.dumps(name, ensure_ascii=False)
    line = next((index for index, found in enumerate(lines) if quoted in found), 0)
    excerpt = lines[line].strip()[:EXCERPT_CHARACTERS].strip()
    return Place(file=path, line=line + 1, end_line=line + 1, kind="mock", excerpt=excerpt)
