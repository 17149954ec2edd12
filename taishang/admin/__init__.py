from taishang.admin import engine, tasks

__all__ = ["engine", "tasks"]
