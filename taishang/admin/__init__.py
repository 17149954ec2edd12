from taishang.admin import engine, generation, projects, tasks

__all__ = ["engine", "generation", "projects", "tasks"]
