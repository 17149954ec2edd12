"""Undoing a version of a project: a new one takes its changes back."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from taishang import projects
from taishang.api.projects import ProjectView, ReversalOut
from taishang.api.results import made_or_queued
from taishang.api.tasks import TaskOut
from taishang.generation import applying
from taishang.models import ProjectVersion


class VersionReversal(ProjectView):
    required_permissions: ClassVar = {"POST": "generation.apply"}

    @extend_schema(request=None, responses={201: ReversalOut, 202: TaskOut})
    def post(self, request: Request, project_id: int, number: int) -> Response:
        """Undo a version: the newest at once and byte for byte, an older one as a task that checks the result."""
        version = self.version(project_id, number)
        commands = projects.migrate_commands(version=version)
        made = applying.revert(principal=self.principal, version=version)
        answer = made_or_queued(self, made)
        if isinstance(made, ProjectVersion):
            answer.data = {**answer.data, "migrate_commands": commands}
        return answer
