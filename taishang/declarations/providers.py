"""Which providers of models there are."""

from taishang.providers import checks, specs

__all__ = ["checks", "declare"]


def declare() -> None:
    specs.declare()
