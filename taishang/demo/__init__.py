"""What a newcomer finds in the demo workspace: a generated back end, and a collection to search by meaning."""

from taishang.demo.generation import seed_generation
from taishang.demo.search import seed_search

__all__ = ["seed_generation", "seed_search"]
