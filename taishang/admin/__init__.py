from taishang.admin import (
    aliases,
    calls,
    engine,
    generation,
    models,
    prices,
    projects,
    quotas,
    tasks,
    vector_engines,
    vectors,
)

__all__ = [
    "aliases",
    "calls",
    "engine",
    "generation",
    "models",
    "prices",
    "projects",
    "quotas",
    "tasks",
    "vector_engines",
    "vectors",
]
