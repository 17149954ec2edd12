"""What a model is shown of a work: gathered by rights and rules, cut to a budget, the same bytes every time."""

from studio.context.building import Built, NothingSelected, Wish, build, told
from studio.context.gathering import Scope, UnknownPin
from studio.context.parts import InstructionTooLong
from studio.context.previewing import preview

__all__ = [
    "Built",
    "InstructionTooLong",
    "NothingSelected",
    "Scope",
    "UnknownPin",
    "Wish",
    "build",
    "preview",
    "told",
]
