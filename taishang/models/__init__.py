from taishang.models.call import ModelCall
from taishang.models.catalogue import Kind, Model, ModelAlias, ModelPrice
from taishang.models.engine import Lane, Schedule, Worker
from taishang.models.generation import GenerationArtifact, GenerationJob
from taishang.models.project import Project, ProjectVersion
from taishang.models.quota import Quota, UserQuota
from taishang.models.task import Task, TaskEvent
from taishang.models.usage import UsageDay
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
    "Kind",
    "Lane",
    "Model",
    "ModelAlias",
    "ModelCall",
    "ModelPrice",
    "Project",
    "ProjectVersion",
    "Quota",
    "Schedule",
    "Task",
    "TaskEvent",
    "UsageDay",
    "UserQuota",
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
