from taishang.models.call import ModelCall
from taishang.models.engine import Lane, Schedule, Worker
from taishang.models.generation import GenerationArtifact, GenerationJob
from taishang.models.project import Project, ProjectVersion
from taishang.models.quota import Quota, UserQuota
from taishang.models.task import Task, TaskEvent
from taishang.models.usage import UsageDay

__all__ = [
    "GenerationArtifact",
    "GenerationJob",
    "Lane",
    "ModelCall",
    "Project",
    "ProjectVersion",
    "Quota",
    "Schedule",
    "Task",
    "TaskEvent",
    "UsageDay",
    "UserQuota",
    "Worker",
]
