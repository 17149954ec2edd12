"""Batches: chapters written one after the other, within a limit of cost."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Refused
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio import batches
from studio.agents import choosing
from studio.api.helping import LENGTHS, MAX_INSTRUCTION, HelpView, fields_named
from studio.batches import deciding
from studio.models import Agent, Batch, BatchItem, Chapter
from studio.requests.wishes import FieldRefused


class BatchIn(Serializer):
    """Which chapters, in their order, by which agent, how long, for how much at most."""

    chapters = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=deciding.MOST_CHAPTERS
    )
    agent = serializers.UUIDField(required=False, allow_null=True)
    model = serializers.CharField(max_length=150, required=False, allow_blank=True, default="")
    length = serializers.IntegerField(min_value=LENGTHS[0], max_value=LENGTHS[1], default=1_500)
    instruction = serializers.CharField(
        max_length=MAX_INSTRUCTION, required=False, allow_blank=True, default=""
    )
    max_cost = serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=0, required=False, allow_null=True
    )


class BatchItemOut(serializers.Serializer):
    id = serializers.UUIDField()
    ordinal = serializers.IntegerField()
    chapter = serializers.UUIDField(source="chapter_id")
    state = serializers.ChoiceField(BatchItem.State.choices)
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    request = serializers.UUIDField(source="request_id", allow_null=True)
    proposal = serializers.UUIDField(source="proposal_id", allow_null=True)


class BatchOut(serializers.Serializer):
    """A batch with its chapters. Units: costs in the platform's currency."""

    id = serializers.UUIDField()
    work = serializers.UUIDField(source="work_id")
    agent = serializers.UUIDField(source="agent_id", allow_null=True)
    state = serializers.ChoiceField(Batch.State.choices)
    pause_reason = serializers.CharField()
    options = serializers.JSONField()
    max_cost = serializers.DecimalField(max_digits=18, decimal_places=10, allow_null=True)
    spent = serializers.DecimalField(max_digits=18, decimal_places=10)
    task = serializers.UUIDField(source="task_id", allow_null=True)
    items = BatchItemOut(many=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class BatchView(HelpView):
    def visible(self) -> QuerySet[Batch]:
        items = Prefetch("items", BatchItem.objects.order_by("ordinal"))
        return Batch.objects.visible_to(self.principal).prefetch_related(items)

    def batch(self, batch_id: UUID) -> Batch:
        return self.find(self.visible(), pk=batch_id)

    def steered(self, batch_id: UUID) -> Batch:
        """A batch of a work in which the person may write with the AI."""
        found = self.batch(batch_id)
        self.work(found.work_id)
        if not Batch.objects.editable_by(self.principal).filter(pk=found.pk).exists():
            raise Refused("permission_denied")
        return found

    def answered(self, batch: Batch, status: int = HTTPStatus.ACCEPTED) -> Response:
        return self.tagged(self.batch(batch.pk), BatchOut, status=status)


class Batches(BatchView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "model.use"}
    rate_limits: ClassVar = {"GET": ("api.read",), "POST": ("ai",)}
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(BatchOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        """The batches of a work, the newest first."""
        return self.page(self.visible().filter(work=self.work(work_id, "read")), BatchOut)

    @extend_schema(request=BatchIn, responses={202: BatchOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        """Begin: empty chapters receive the text, others a proposal. A work has one batch at a time."""
        work = self.work(work_id)
        self.work(work_id, "write")
        given = self.read(BatchIn)
        rows = Chapter.objects.editable_by(self.principal).filter(work=work)
        known = {one.pk: one for one in rows.without_text().filter(pk__in=given["chapters"])}
        with fields_named():
            if len(known) != len(given["chapters"]):
                raise FieldRefused("chapters")
            agent = choosing.for_request(
                principal=self.principal,
                work=work,
                request_type="generate",
                agent=self._agent(given.get("agent")),
            )
        batch = batches.start(
            principal=self.principal,
            work=work,
            chapters=[known[number] for number in given["chapters"]],
            agent=agent,
            options={name: given[name] for name in ("model", "length", "instruction")},
            max_cost=given.get("max_cost"),
        )
        return self.answered(batch)

    def _agent(self, pk: UUID | None) -> Agent | None:
        if pk is None:
            return None
        agent = Agent.objects.visible_to(self.principal).filter(pk=pk).first()
        if agent is None:
            raise FieldRefused("agent")
        return agent


class BatchDetail(BatchView):
    required_permissions: ClassVar = {"GET": "work.view"}

    @extend_schema(responses=BatchOut)
    def get(self, request: Request, batch_id: UUID) -> Response:
        """One batch with the state of each chapter."""
        return self.tagged(self.batch(batch_id), BatchOut)


class BatchPause(BatchView):
    required_permissions: ClassVar = {"POST": "model.use"}

    @extend_schema(request=None, responses={202: BatchOut})
    def post(self, request: Request, batch_id: UUID) -> Response:
        """Begin no further chapter."""
        return self.answered(batches.pause(principal=self.principal, batch=self.steered(batch_id)))


class BatchResumption(BatchView):
    required_permissions: ClassVar = {"POST": "model.use"}
    rate_limits: ClassVar = {"POST": ("ai",)}

    @extend_schema(request=None, responses={202: BatchOut})
    def post(self, request: Request, batch_id: UUID) -> Response:
        """Go on with the first chapter that is not done."""
        return self.answered(batches.resume(principal=self.principal, batch=self.steered(batch_id)))


class BatchCancellation(BatchView):
    required_permissions: ClassVar = {"POST": "model.use"}

    @extend_schema(request=None, responses={202: BatchOut})
    def post(self, request: Request, batch_id: UUID) -> Response:
        """End it at once; what is written stays."""
        return self.answered(batches.cancel(principal=self.principal, batch=self.steered(batch_id)))


class BatchItemOmission(BatchView):
    required_permissions: ClassVar = {"POST": "model.use"}

    @extend_schema(request=None, responses={202: BatchOut})
    def post(self, request: Request, item_id: UUID) -> Response:
        """Leave a chapter out of a batch that rests."""
        rows = BatchItem.objects.visible_to(self.principal).select_related("batch")
        item = self.find(rows, pk=item_id)
        self.steered(item.batch_id)
        skipped = batches.skip(principal=self.principal, item=item)
        return self.answered(skipped.batch)
