"""What the parts of static evaluation need from one another."""

from __future__ import annotations

from typing import Protocol

from tree_sitter import Node

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.scopes import Scopes, Step
from taishang.generation.evidence.symbols import Bindings, Symbol
from taishang.generation.evidence.syntax import Module


class Evaluation(Protocol):
    """The evaluator, as its helpers in `flow` and `classes` see it."""

    project: Project
    nodes: dict[str, tuple[Module, Node]]

    def scopes(self, module: Module) -> Scopes: ...

    def key(self, module: Module, node: Node) -> str: ...

    def value(self, module: Module, node: Node | None) -> Symbol: ...

    def variable(self, module: Module, name: str, position: int) -> Symbol: ...

    def arguments(self, module: Module, call: Node) -> tuple[Symbol, ...]: ...

    def returns(self, key: str) -> Symbol: ...

    def substitute(self, value: Symbol, bindings: Bindings) -> Symbol: ...

    def member(self, value: Symbol, name: str) -> Symbol: ...

    def stepped(self, module: Module, value: Symbol, steps: tuple[Step, ...]) -> Symbol: ...
