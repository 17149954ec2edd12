"""The emitter: from a Blueprint to the files of a Django project."""

from taishang.generation.render.allowlist import RenderUnsafe
from taishang.generation.render.drafting import DraftingFailed
from taishang.generation.render.emitting import render
from taishang.generation.render.extending import NotAnExtension, extension
from taishang.generation.render.origins import origins

__all__ = ["DraftingFailed", "NotAnExtension", "RenderUnsafe", "extension", "origins", "render"]
