"""Components as callers of what they hold."""

from __future__ import annotations

from tree_sitter import Node

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.symbols import NOTHING, Closure, Record, Symbol
from taishang.generation.evidence.syntax import Module
from taishang.generation.evidence.traffic import Edge
from taishang.generation.evidence.values import Evaluator

MAX_ELEMENTS = 300


class Elements:
    """Components as callers: `<Table endpoint="/api/users" />` gives its attributes to the component."""

    def __init__(self, project: Project, evaluator: Evaluator) -> None:
        self._project = project
        self._evaluator = evaluator
        self._by_name: dict[str, list[tuple[Module, Node]]] | None = None

    def of(self, owner: str) -> list[Edge]:
        """The elements that render the component `owner`."""
        module, node = self._evaluator.nodes[owner]
        name = component_name(module, node)
        if not name[:1].isupper():
            return []
        if self._by_name is None:
            self._by_name = self._index()
        found = []
        for place, element in self._by_name.get(name, [])[:MAX_ELEMENTS]:
            tag = element.child_by_field_name("name")
            value = self._evaluator.value(place, tag) if tag is not None else NOTHING
            if isinstance(value, Closure) and value.key == owner:
                found.append(Edge(place, element, value, (self._attributes(place, element),)))
        return found

    def _index(self) -> dict[str, list[tuple[Module, Node]]]:
        index: dict[str, list[tuple[Module, Node]]] = {}
        for module in self._project.modules.values():
            for node in module.find("jsx_opening_element", "jsx_self_closing_element"):
                tag = node.child_by_field_name("name")
                if tag is not None and tag.type == "identifier":
                    index.setdefault(module.text_of(tag), []).append((module, node))
        return index

    def _attributes(self, module: Module, element: Node) -> Record:
        entries: list[tuple[str | None, Symbol]] = []
        for node in element.named_children:
            if node.type != "jsx_attribute" or not node.named_child_count:
                continue
            name = module.text_of(node.named_children[0])
            given = node.named_children[1] if node.named_child_count > 1 else None
            entries.append(
                (name, self._evaluator.value(module, given) if given is not None else NOTHING)
            )
        return Record(tuple(entries))


def component_name(module: Module, function: Node) -> str:
    """The name a function is known by: its own, or that of the variable it is assigned to."""
    name = function.child_by_field_name("name")
    if name is not None:
        return module.text_of(name)
    parent = function.parent
    for _ in range(3):
        if parent is not None and parent.type == "variable_declarator":
            found = parent.child_by_field_name("name")
            return module.text_of(found) if found is not None else ""
        parent = parent.parent if parent is not None else None
    return ""
