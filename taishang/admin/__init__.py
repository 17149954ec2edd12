from taishang.admin import (
    calls,
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
    "engine",
    "generation",
    "projects",
    "quotas",
    "tasks",
    "vector_engines",
    "vectors",
]
