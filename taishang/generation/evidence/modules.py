"""The graph of an export's modules: who imports what from where, and where a name is defined."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from tree_sitter import Node

from taishang.generation.evidence.syntax import Module, SyntaxFailure, language_of, parse_module
from taishang.generation.ir import EXCERPT_CHARACTERS, Export, FactKind, Inventory, Place, Warning

MAX_HOPS = 6
MAX_ANCESTORS = 12
SUFFIXES = (
    ".ts",
    ".tsx",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    ".d.ts",
    ".vue",
    ".svelte",
)
NATIVE_SUFFIXES = (".web", ".native", ".ios", ".android")
DECLARATIONS = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "function_signature",
        "class_declaration",
        "abstract_class_declaration",
        "interface_declaration",
        "type_alias_declaration",
        "enum_declaration",
    }
)
WHOLE = "*"


@dataclass(frozen=True)
class Link:
    """A name that lives elsewhere: `name` of the module `specifier` ("*" = all of it)."""

    specifier: str
    name: str


@dataclass(eq=False)
class Names:
    """What a module's top level binds and exports.

    `bound` maps a local name to its declaration or to where it is imported from; `exported` maps an
    exported name to a local name, a declaration or a link; `stars` are the `export *` specifiers.
    """

    bound: dict[str, Node | Link] = field(default_factory=dict)
    exported: dict[str, str | Node | Link] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)


class Project:
    """The front-end modules of an export, sorted by path, with their names resolved on demand."""

    def __init__(self, export: Export, inventory: Inventory) -> None:
        self.export = export
        self.inventory = inventory
        self._packages = frozenset(inventory.packages)
        self.warnings: list[Warning] = []
        self.modules: dict[str, Module] = {}
        self._names: dict[str, Names] = {}
        self._resolved: dict[tuple[str, str], Module | None] = {}
        self._parse(export, inventory)

    def names(self, module: Module) -> Names:
        """Top-level bindings and exports of `module`, read once."""
        if module.path not in self._names:
            self._names[module.path] = read_names(module)
        return self._names[module.path]

    def resolve(self, module: Module, specifier: str) -> Module | None:
        """The module that `specifier` means inside `module`, or None for packages and assets."""
        key = (posixpath.dirname(module.path), specifier)
        if key not in self._resolved:
            self._resolved[key] = self._resolve(*key)
        return self._resolved[key]

    def definition(self, module: Module, name: str) -> tuple[Module, Node] | None:
        """Where the top-level `name` of `module` is declared.

        The node is the declaration itself: a `variable_declarator`, a function, class, interface, type or
        enum declaration, the expression of a default export, or the root of a module imported as a whole.
        Follows imports, default exports and re-exports over at most six modules.
        """
        target = self.names(module).bound.get(name)
        return self._follow(module, target, MAX_HOPS)

    def exported(self, module: Module, name: str) -> tuple[Module, Node] | None:
        """Where the name that `module` exports as `name` is declared."""
        return self._exported(module, name, MAX_HOPS)

    def origin(self, module: Module, name: str) -> Link | None:
        """The import behind a local name, e.g. `Link("axios", "default")`; None when it is no import."""
        target = self.names(module).bound.get(name)
        return target if isinstance(target, Link) else None

    def place(self, module: Module, node: Node, kind: FactKind) -> Place:
        """The evidence for `node`: its first line, quoted as it stands in the file."""
        line = module.line_of(node)
        excerpt = module.lines[line - 1].strip()[:EXCERPT_CHARACTERS].strip()
        return Place(
            file=module.path,
            line=line,
            end_line=module.end_line_of(node),
            kind=kind,
            excerpt=excerpt,
        )

    def _parse(self, export: Export, inventory: Inventory) -> None:
        server_files = set(inventory.server_files)
        for file in sorted(export.files, key=lambda file: file.path):
            skipped = file.text is None or file.server_side or file.path in server_files
            if skipped or language_of(file.path) is None:
                continue
            try:
                module = parse_module(path=file.path, text=file.text or "")
            except SyntaxFailure as failure:
                self.warnings.append(
                    Warning(code=failure.code, detail=failure.detail, file=file.path)
                )
                continue
            self.modules[file.path] = module

    def _resolve(self, folder: str, specifier: str) -> Module | None:
        for path in self._candidates(folder, specifier.partition("?")[0]):
            for name in spellings(path):
                if name in self.modules:
                    return self.modules[name]
        return None

    def _candidates(self, folder: str, specifier: str) -> list[str]:
        root = self.inventory.root
        if specifier.startswith("."):
            return [posixpath.normpath(posixpath.join(folder, specifier))]
        paths = []
        aliases = sorted(self.inventory.aliases.items(), key=lambda item: (-len(item[0]), item[0]))
        for prefix, folders in aliases:
            if specifier == prefix or (prefix.endswith("/") and specifier.startswith(prefix)):
                rest = specifier[len(prefix) :]
                paths += [posixpath.normpath(posixpath.join(target, rest)) for target in folders]
        if specifier.startswith(("@/", "~/", "~~/")):
            paths += self._above(folder, specifier.partition("/")[2])
        elif specifier.startswith("/"):
            paths.append(posixpath.normpath(posixpath.join(root, specifier.lstrip("/"))))
        elif not specifier.startswith("@") and specifier.split("/")[0] not in self._packages:
            paths += self._above(folder, specifier)
        return paths

    def _above(self, folder: str, rest: str) -> list[str]:
        """`rest` below each folder around the importing file and its `src`, nearest first."""
        found: list[str] = []
        parts = folder.split("/") if folder else []
        for count in range(len(parts), -1, -1):
            base = "/".join(parts[:count])
            found += [posixpath.join(base, "src", rest), posixpath.join(base, rest)]
        return [posixpath.normpath(path) for path in found[: 2 * MAX_ANCESTORS]]

    def _follow(
        self, module: Module, target: str | Node | Link | None, hops: int
    ) -> tuple[Module, Node] | None:
        if target is None or hops < 0:
            return None
        if isinstance(target, Node):
            return module, target
        if isinstance(target, str):
            bound = self.names(module).bound.get(target)
            return self._follow(module, bound, hops - 1)
        source = self.resolve(module, target.specifier)
        if source is None:
            return None
        if target.name == WHOLE:
            return source, source.root
        return self._exported(source, target.name, hops - 1)

    def _exported(self, module: Module, name: str, hops: int) -> tuple[Module, Node] | None:
        if hops < 0:
            return None
        names = self.names(module)
        if name in names.exported:
            return self._follow(module, names.exported[name], hops)
        for specifier in names.stars:
            source = self.resolve(module, specifier)
            found = self._exported(source, name, hops - 1) if source is not None else None
            if found:
                return found
        return None


def spellings(path: str) -> list[str]:
    """The file names that an import of `path` may mean, in the order bundlers try them."""
    stem, suffix = posixpath.splitext(path)
    names = [path] + [path + ending for ending in SUFFIXES]
    if suffix in {".js", ".jsx", ".mjs", ".cjs"}:
        names += [stem + ending for ending in (".ts", ".tsx", ".mts")]
    names += [path + kind + ending for kind in NATIVE_SUFFIXES for ending in SUFFIXES[:4]]
    return names + [posixpath.join(path, "index" + ending) for ending in SUFFIXES]


def read_names(module: Module) -> Names:
    """Read the imports, declarations and exports that stand at the top level of `module`."""
    names = Names()
    for statement in module.root.named_children:
        if statement.type == "import_statement":
            _read_import(module, statement, names)
        elif statement.type == "export_statement":
            _read_export(module, statement, names)
        elif statement.type == "expression_statement":
            _read_commonjs_export(module, statement, names)
        else:
            _read_declaration(module, statement, names)
    return names


def string_text(module: Module, node: Node | None) -> str:
    """The text between the quotes of a string node, escapes left as they are; "" for None."""
    return module.text_of(node)[1:-1] if node is not None else ""


def _read_import(module: Module, statement: Node, names: Names) -> None:
    specifier = string_text(module, statement.child_by_field_name("source"))
    clause = next(
        (child for child in statement.named_children if child.type == "import_clause"), None
    )
    for part in clause.named_children if clause is not None else []:
        if part.type == "identifier":
            names.bound[module.text_of(part)] = Link(specifier, "default")
        elif part.type == "namespace_import":
            names.bound[module.text_of(part.named_children[0])] = Link(specifier, WHOLE)
        elif part.type == "named_imports":
            for imported, local in _specifiers(module, part, "import_specifier"):
                names.bound[local] = Link(specifier, imported)


def _specifiers(module: Module, clause: Node, kind: str) -> list[tuple[str, str]]:
    """(name, alias) of each specifier; the alias is the name where there is none."""
    pairs = []
    for part in clause.named_children:
        name = part.child_by_field_name("name")
        if part.type != kind or name is None:
            continue
        alias = part.child_by_field_name("alias")
        pairs.append((module.text_of(name), module.text_of(alias or name)))
    return pairs


def _read_export(module: Module, statement: Node, names: Names) -> None:
    source = statement.child_by_field_name("source")
    declaration = statement.child_by_field_name("declaration")
    value = statement.child_by_field_name("value")
    is_default = any(child.type == "default" for child in statement.children)
    if declaration is not None:
        declared = _read_declaration(module, declaration, names)
        for name in declared:
            names.exported.setdefault(name, name)
        if is_default:
            names.exported["default"] = declaration
    elif value is not None:
        is_name = value.type == "identifier"
        names.exported["default"] = module.text_of(value) if is_name else value
    else:
        _read_export_clause(module, statement, string_text(module, source), names)


def _read_export_clause(module: Module, statement: Node, specifier: str, names: Names) -> None:
    for part in statement.named_children:
        if part.type == "export_clause":
            for name, alias in _specifiers(module, part, "export_specifier"):
                names.exported[alias] = Link(specifier, name) if specifier else name
            return
        if part.type == "namespace_export" and part.named_child_count:
            names.exported[module.text_of(part.named_children[0])] = Link(specifier, WHOLE)
            return
    if specifier:
        names.stars.append(specifier)


def _read_declaration(module: Module, statement: Node, names: Names) -> list[str]:
    """Bind what `statement` declares and return the names."""
    if statement.type == "ambient_declaration" and statement.named_child_count:
        statement = statement.named_children[0]
    if statement.type in DECLARATIONS:
        name = statement.child_by_field_name("name")
        if name is None:
            return []
        names.bound.setdefault(module.text_of(name), statement)
        return [module.text_of(name)]
    if statement.type not in {"lexical_declaration", "variable_declaration"}:
        return []
    declared = []
    for declarator in statement.named_children:
        if declarator.type == "variable_declarator":
            declared += _read_declarator(module, declarator, names)
    return declared


def _read_declarator(module: Module, declarator: Node, names: Names) -> list[str]:
    pattern = declarator.child_by_field_name("name")
    required = _required(module, declarator.child_by_field_name("value"))
    if pattern is None:
        return []
    if pattern.type == "identifier":
        name = module.text_of(pattern)
        names.bound.setdefault(name, Link(required, "default") if required else declarator)
        return [name]
    declared = []
    for part in pattern.named_children:
        imported, name = _pattern_names(module, part)
        if name:
            names.bound.setdefault(name, Link(required, imported) if required else declarator)
            declared.append(name)
    return declared


def _pattern_names(module: Module, part: Node) -> tuple[str, str]:
    """(property, local name) of one part of a destructuring pattern; ("", "") when it is nested."""
    if part.type in {"shorthand_property_identifier_pattern", "identifier"}:
        return module.text_of(part), module.text_of(part)
    if part.type == "pair_pattern":
        key, value = part.child_by_field_name("key"), part.child_by_field_name("value")
        if key is not None and value is not None and value.type == "identifier":
            return module.text_of(key), module.text_of(value)
    if part.type == "object_assignment_pattern":
        left = part.child_by_field_name("left")
        return (module.text_of(left), module.text_of(left)) if left is not None else ("", "")
    return "", ""


def _required(module: Module, value: Node | None) -> str:
    """The specifier of `require("…")`, or ""."""
    if value is None or value.type != "call_expression":
        return ""
    function, arguments = (
        value.child_by_field_name("function"),
        value.child_by_field_name("arguments"),
    )
    if function is None or arguments is None or module.text_of(function) != "require":
        return ""
    first = arguments.named_children[0] if arguments.named_child_count else None
    return string_text(module, first) if first is not None and first.type == "string" else ""


def _read_commonjs_export(module: Module, statement: Node, names: Names) -> None:
    """`module.exports = …` and `exports.name = …`."""
    assignment = statement.named_children[0] if statement.named_child_count else None
    if assignment is None or assignment.type != "assignment_expression":
        return
    left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
    if left is None or right is None:
        return
    target = module.text_of(left)
    value: str | Node = module.text_of(right) if right.type == "identifier" else right
    if target == "module.exports":
        names.exported.setdefault("default", value)
        _read_exported_members(module, right, names)
    elif target.startswith(("exports.", "module.exports.")):
        names.exported[target.rpartition(".")[2]] = value


def _read_exported_members(module: Module, value: Node, names: Names) -> None:
    for member in value.named_children if value.type == "object" else []:
        if member.type == "shorthand_property_identifier":
            names.exported[module.text_of(member)] = module.text_of(member)
        elif member.type == "pair":
            key, content = member.child_by_field_name("key"), member.child_by_field_name("value")
            if key is not None and content is not None:
                local = module.text_of(content) if content.type == "identifier" else content
                names.exported[module.text_of(key)] = local
