from taishang.admin import calls, engine, generation, projects, quotas, tasks

__all__ = ["calls", "engine", "generation", "projects", "quotas", "tasks"]
