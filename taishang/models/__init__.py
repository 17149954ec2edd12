from taishang.models.engine import Lane, Schedule, Worker
from taishang.models.generation import GenerationArtifact, GenerationJob
from taishang.models.project import Project, ProjectVersion
from taishang.models.task import Task, TaskEvent

__all__ = [
    "GenerationArtifact",
    "GenerationJob",
    "Lane",
    "Project",
    "ProjectVersion",
    "Schedule",
    "Task",
    "TaskEvent",
    "Worker",
]
