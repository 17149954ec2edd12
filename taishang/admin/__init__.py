from taishang.admin import calls, catalogue, engine, generation, projects, quotas, tasks

__all__ = ["calls", "catalogue", "engine", "generation", "projects", "quotas", "tasks"]
