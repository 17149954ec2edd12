from taishang.models.catalogue import Kind, Model, ModelAlias, ModelPrice
from taishang.models.engine import Lane, Schedule, Worker
from taishang.models.generation import GenerationArtifact, GenerationJob
from taishang.models.project import Project, ProjectVersion
from taishang.models.task import Task, TaskEvent

__all__ = [
    "GenerationArtifact",
    "GenerationJob",
    "Kind",
    "Lane",
    "Model",
    "ModelAlias",
    "ModelPrice",
    "Project",
    "ProjectVersion",
    "Schedule",
    "Task",
    "TaskEvent",
    "Worker",
]
