from taishang.models.engine import Lane, Schedule, Worker
from taishang.models.generation import GenerationArtifact, GenerationJob
from taishang.models.project import Project, ProjectVersion
from taishang.models.task import Task, TaskEvent
from taishang.models.vector_indexes import VectorIndex, VectorRecallRun
from taishang.models.vectors import (
    VectorChange,
    VectorCollection,
    VectorNamespace,
    VectorRow,
    VectorState,
    VectorUsage,
)

__all__ = [
    "GenerationArtifact",
    "GenerationJob",
    "Lane",
    "Project",
    "ProjectVersion",
    "Schedule",
    "Task",
    "TaskEvent",
    "VectorChange",
    "VectorCollection",
    "VectorIndex",
    "VectorNamespace",
    "VectorRecallRun",
    "VectorRow",
    "VectorState",
    "VectorUsage",
    "Worker",
]
