"""Counting again what calls cost, after a price was added for a time that has passed."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.permissions import denied
from laojun import audit
from laojun.audit import Target
from taishang import queue
from taishang.api.models import ModelView
from taishang.api.tasks import TaskOut
from taishang.models import ModelPrice

KIND = "usage.recompute"


class PriceRecomputation(ModelView):
    required_permissions: ClassVar = {"POST": "model.manage"}

    @extend_schema(request=None, responses={202: TaskOut})
    def post(self, request: Request, model_id: int, price_id: int) -> Response:
        """Let the calls that a price of this workspace holds for cost what it says. Twice is once."""
        rows = ModelPrice.objects.of(self.model(model_id), self.workspace_id)
        price = self.find(rows, pk=price_id)
        if price.workspace_id is None:
            raise denied("model.manage")
        task = queue.enqueue(
            kind=KIND,
            payload={"price": price.pk},
            workspace=self.workspace_id,
            user=self.user,
            dedup_key=f"{KIND}:{price.pk}",
            trace_id=getattr(request, "trace_id", ""),
        )
        audit.record(
            actor=self.principal,
            action="usage.recompute_asked",
            target=Target("model", str(model_id)),
            details={"price": price.pk, "task": str(task.id)},
        )
        return Response(self.shown(task, TaskOut), status=202)
