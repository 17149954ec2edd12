"""What a newcomer finds in the demo workspace: a generated back end, and a collection to search by meaning."""

from typing import Any

from django.utils.module_loading import import_string

from taishang.demo.generation import seed_generation

__all__ = ["seed_generation", "seed_search"]


def seed_search(**given: Any) -> None:
    """Loaded when it is called: writing vectors brings numpy, which no start may wait for."""
    import_string("taishang.demo.search.seed_search")(**given)
