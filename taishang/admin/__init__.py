from taishang.admin import engine, generation, projects, tasks, vector_engines, vectors

__all__ = ["engine", "generation", "projects", "tasks", "vector_engines", "vectors"]
