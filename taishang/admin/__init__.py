from taishang.admin import (
    calls,
    catalogue,
    engine,
    generation,
    projects,
    quotas,
    tasks,
    vector_engines,
    vectors,
)

__all__ = [
    "calls",
    "catalogue",
    "engine",
    "generation",
    "projects",
    "quotas",
    "tasks",
    "vector_engines",
    "vectors",
]
