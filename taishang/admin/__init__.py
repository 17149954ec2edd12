from taishang.admin import engine, generation, projects, tasks, vectors

__all__ = ["engine", "generation", "projects", "tasks", "vectors"]
