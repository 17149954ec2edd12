"""The emitter: from a Blueprint to the files of a Django project."""

from taishang.generation.render.emitting import Tree, render

__all__ = ["Tree", "render"]
