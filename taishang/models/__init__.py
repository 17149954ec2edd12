from taishang.models.engine import Lane, Schedule, Worker
from taishang.models.task import Task, TaskEvent

__all__ = ["Lane", "Schedule", "Task", "TaskEvent", "Worker"]
