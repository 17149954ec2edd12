"""Take stock of an export: its tool, framework, languages, root, aliases, variables and proxies."""

from taishang.generation.inventory.inspecting import inspect

__all__ = ["inspect"]
