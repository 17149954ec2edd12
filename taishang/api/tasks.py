"""Tasks: what runs for you, how far it is, what happened, and how to stop or repeat it."""

from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import watching
from accounts.authentication import Principal
from accounts.web import etags, streams
from accounts.web.parsing import JsonRenderer
from accounts.web.permissions import denied
from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.schema import OBJECT_OR_NULL, page_of
from accounts.web.serializers import Serializer
from accounts.web.streams import Event, EventRenderer
from accounts.web.views import ApiView
from laojun.audit import Actor
from taishang import kinds, queue, steering, streaming
from taishang.kinds import PayloadRefused
from taishang.models import Task, TaskEvent
from taishang.models.task import PRIORITY_NORMAL

EVENTS_PER_LOOK = 500


class TaskTypeOut(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    queue = serializers.CharField()
    schema = serializers.JSONField()


class TaskIn(Serializer):
    type = serializers.CharField(max_length=100)
    payload = serializers.DictField(required=False, default=dict)
    priority = serializers.IntegerField(min_value=0, max_value=100, default=PRIORITY_NORMAL)
    scheduled_at = serializers.DateTimeField(required=False)
    ttl_s = serializers.IntegerField(min_value=1, max_value=30 * 24 * 3600, required=False)
    dedup_key = serializers.CharField(max_length=200, required=False)
    on_duplicate = serializers.ChoiceField(["return"], default="return")


class TaskChangeIn(Serializer):
    priority = serializers.IntegerField(min_value=0, max_value=100, required=False)
    scheduled_at = serializers.DateTimeField(required=False)


class ReasonIn(Serializer):
    reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class RetryIn(Serializer):
    attempts = serializers.IntegerField(min_value=1, max_value=10, default=3)


class TaskOut(serializers.Serializer):
    """A task in a list."""

    id = serializers.UUIDField()
    type = serializers.CharField()
    label = serializers.SerializerMethodField()  # type: ignore[assignment]
    state = serializers.ChoiceField(Task.State.choices)
    progress = serializers.IntegerField()
    progress_message = serializers.CharField()
    current = serializers.IntegerField(source="progress_current", allow_null=True)
    total = serializers.IntegerField(source="progress_total", allow_null=True)
    priority = serializers.IntegerField()
    attempts = serializers.IntegerField()
    max_attempts = serializers.IntegerField()
    queue = serializers.CharField()
    created_at = serializers.DateTimeField()
    scheduled_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    cancel_requested_at = serializers.DateTimeField(allow_null=True)
    error = serializers.SerializerMethodField()
    result = serializers.JSONField()
    subject = serializers.SerializerMethodField()
    allowed_actions = serializers.SerializerMethodField()
    deduplicated = serializers.BooleanField()

    def get_label(self, task: Task) -> str:
        return kinds.label_of(task.type)

    @extend_schema_field(OBJECT_OR_NULL)
    def get_error(self, task: Task) -> dict[str, str] | None:
        if not task.error_code:
            return None
        return {"code": task.error_code, "message": task.error_message}

    @extend_schema_field(OBJECT_OR_NULL)
    def get_subject(self, task: Task) -> dict[str, str] | None:
        if not task.subject_type:
            return None
        return {"type": task.subject_type, "id": task.subject_id}

    def get_allowed_actions(self, task: Task) -> list[str]:
        return task.allowed_actions(self.context["principal"])


class TaskDetailOut(TaskOut):
    """One task, with its place in the queue and, for whoever asked for it, its payload."""

    queue_position = serializers.SerializerMethodField()
    payload = serializers.SerializerMethodField()

    def get_queue_position(self, task: Task) -> int | None:
        return task.queue_position()

    @extend_schema_field(OBJECT_OR_NULL)
    def get_payload(self, task: Task) -> dict[str, Any] | None:
        user = self.context["principal"].user
        return task.payload if user and user.id == task.user_id else None


class TaskEventOut(serializers.Serializer):
    seq = serializers.IntegerField()
    event = serializers.CharField()
    detail = serializers.JSONField()
    actor = serializers.CharField()
    attempt = serializers.IntegerField()
    trace_id = serializers.CharField()
    created_at = serializers.DateTimeField()


class TaskTypes(ApiView):
    required_permissions: ClassVar = {"GET": "task.view"}

    @extend_schema(responses=TaskTypeOut(many=True))
    def get(self, request: Request) -> Response:
        """The kinds of tasks that may be asked for, each with the schema of its payload."""
        public = [kind for kind in kinds.known() if kind.public]
        return Response(
            [
                {
                    "name": kind.name,
                    "label": kinds.label_of(kind.name),
                    "queue": kind.queue,
                    "schema": kind.schema,
                }
                for kind in public
            ]
        )


class TaskView(ApiView):
    """What every view of tasks starts from."""

    def visible(self) -> models.QuerySet[Task]:
        return Task.objects.visible_to(self.principal)

    def task(self, task_id: UUID) -> Task:
        return self.find(self.visible(), pk=task_id)

    def answer(self, task_id: UUID, *, status: int = 200) -> Response:
        return self.tagged(self.task(task_id), TaskDetailOut, status=status)

    @property
    def actor(self) -> Actor:
        return Actor.of_principal(self.principal)


class Tasks(TaskView):
    required_permissions: ClassVar = {"GET": "task.view", "POST": "task.create"}
    query_parameters = frozenset({"state", "type", "queue", "subject_type", "subject_id"})
    orderings = ("-created_at",)
    max_json_bytes = 512 * 1024

    @extend_schema(responses=page_of(TaskOut))
    def get(self, request: Request) -> Response:
        """Your tasks in this workspace, newest first; everybody's with `task.view_all`."""
        chosen = {name: request.GET[name] for name in self.query_parameters & set(request.GET)}
        if chosen.get("state", Task.State.QUEUED) not in Task.State.values:
            message = _("One of: %(names)s") % {"names": ", ".join(Task.State.values)}
            raise Invalid([field_error("state", "invalid_choice", message)])
        return self.page(self.visible().filter(**chosen).defer("payload"), TaskOut)

    @extend_schema(request=TaskIn, responses={201: TaskDetailOut, 200: TaskDetailOut})
    def post(self, request: Request) -> Response:
        """Ask for a task. A live task with the same `dedup_key` is answered with 200 instead."""
        given = self.read(TaskIn)
        _check_precedence(self.principal, given["priority"])
        task = self._enqueue(given)
        found = self.task(task.id)
        found.deduplicated = task.deduplicated
        status = 200 if task.deduplicated else 201
        answer = self.tagged(found, TaskDetailOut, status=status)
        answer["Location"] = f"{request.path}{task.id}/"
        return answer

    def _enqueue(self, given: dict[str, Any]) -> Task:
        if given["type"] not in {kind.name for kind in kinds.known() if kind.public}:
            raise Refused("unknown_task_type")
        start = given.get("scheduled_at")
        ttl = given.get("ttl_s")
        try:
            return queue.enqueue(
                kind=given["type"],
                payload=given["payload"],
                workspace=self.principal.workspace_id,
                user=self.user,
                api_key_id=self.principal.api_key_id,
                priority=given["priority"],
                scheduled_at=start,
                expires_at=(start or timezone.now()) + timedelta(seconds=ttl) if ttl else None,
                dedup_key=given.get("dedup_key"),
                trace_id=getattr(self.request, "trace_id", ""),
            )
        except PayloadRefused as error:
            raise _refused_payload(error) from error


class TaskDetail(TaskView):
    required_permissions: ClassVar = {"GET": "task.view", "PATCH": "task.create"}

    @extend_schema(responses=TaskDetailOut)
    def get(self, request: Request, task_id: UUID) -> Response:
        """One task as it stands."""
        return self.answer(task_id)

    @extend_schema(request=TaskChangeIn, responses=TaskDetailOut)
    def patch(self, request: Request, task_id: UUID) -> Response:
        """Change urgency or time while the task waits."""
        given = self.read(TaskChangeIn)
        task = self.find(self.visible().select_for_update(of=("self",)), pk=task_id)
        etags.require(request, task, optional=True)
        _check_precedence(self.principal, given.get("priority", 0))
        steering.reorder(
            task=task,
            by=self.actor,
            priority=given.get("priority"),
            due_at=given.get("scheduled_at"),
        )
        return self.answer(task_id)


class TaskEvents(TaskView):
    required_permissions: ClassVar = {"GET": "task.view"}
    orderings = ("seq",)

    @extend_schema(responses=page_of(TaskEventOut))
    def get(self, request: Request, task_id: UUID) -> Response:
        """The history of a task, by number."""
        return self.page(TaskEvent.objects.of(self.task(task_id)), TaskEventOut)


class TaskCancellation(TaskView):
    required_permissions: ClassVar = {"POST": "task.cancel"}

    @extend_schema(request=ReasonIn, responses={202: TaskDetailOut, 200: TaskDetailOut})
    def post(self, request: Request, task_id: UUID) -> Response:
        """Stop a task. 202 when it was asked just now, 200 when it had been asked before."""
        given = self.read(ReasonIn)
        changed = steering.cancel(task=self.task(task_id), by=self.actor, reason=given["reason"])
        return self.answer(task_id, status=202 if changed else 200)


class TaskRetry(TaskView):
    required_permissions: ClassVar = {"POST": "task.retry"}

    @extend_schema(request=RetryIn, responses={202: TaskDetailOut})
    def post(self, request: Request, task_id: UUID) -> Response:
        """Repeat a task that failed or was cancelled."""
        given = self.read(RetryIn)
        steering.retry(task=self.task(task_id), by=self.actor, attempts=given["attempts"])
        return self.answer(task_id, status=202)


class TaskStream(TaskView):
    required_permissions: ClassVar = {"GET": "task.view"}
    renderer_classes = [EventRenderer, JsonRenderer]

    @extend_schema(responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, task_id: UUID) -> StreamingHttpResponse:
        """Server-sent events: `snapshot`, `event` (its id is the number), `progress`, and one `end`."""
        task = self.task(task_id)
        watching.check_room(self.user.id)
        return streams.stream(request, partial(_news, self.principal, task.id))


async def _news(
    principal: Principal, task_id: UUID, seen: str | None
) -> AsyncGenerator[Event, None]:
    """Everything after the number seen last, as it happens, until the task has ended."""
    teller = _Teller(principal, task_id, int(seen) if seen and seen.isdecimal() else 0)
    with watching.counted(teller.person), streaming.watches.here().on(task_id) as changed:
        while not teller.is_done:
            changed.clear()
            task, events = await streams.in_transaction(principal, teller.look)
            for event in teller.tell(task, events):
                yield event
            if not teller.is_done and len(events) < EVENTS_PER_LOOK:
                await changed.wait()


class _Teller:
    """Turns looks at a task into what one reader has not heard yet."""

    def __init__(self, principal: Principal, task_id: UUID, number: int) -> None:
        self.principal = principal
        self.person = principal.user.id if principal.user else task_id
        self.task_id = task_id
        self.number = number
        self.is_done = False
        self._is_new = True
        self._progress: dict[str, Any] = {}

    def look(self) -> tuple[Task | None, list[TaskEvent]]:
        """The task first: what commits in between is in the list, though the row is a moment older."""
        task = Task.objects.visible_to(self.principal).filter(id=self.task_id).first()
        if task is None:
            return None, []
        return task, list(TaskEvent.objects.of(task).after(self.number)[:EVENTS_PER_LOOK])

    def tell(self, task: Task | None, events: list[TaskEvent]) -> Iterator[Event]:
        if task is None:
            self.is_done = True
            yield Event("end", {"code": "not_found"}, terminal=True)
            return
        if self._is_new:
            self._is_new = False
            yield Event("snapshot", TaskOut(task, context={"principal": self.principal}).data)
        for event in events:
            self.number = event.seq
            yield Event("event", TaskEventOut(event).data, id=str(event.seq))
        if self._progress != (now := _progress(task)):
            self._progress = now
            yield Event("progress", now)
        if not task.is_live and len(events) < EVENTS_PER_LOOK:
            self.is_done = True
            yield Event("end", {"state": task.state}, terminal=True)


def _progress(task: Task) -> dict[str, Any]:
    return {
        "progress": task.progress,
        "message": task.progress_message,
        "current": task.progress_current,
        "total": task.progress_total,
        "state": task.state,
    }


def _check_precedence(principal: Principal, priority: int) -> None:
    if priority > steering.URGENT_ABOVE and not principal.may("task.priority"):
        raise denied("task.priority")


def _refused_payload(error: PayloadRefused) -> Refused:
    if error.code == "payload_too_large":
        return Refused(error.code)
    message = _("The payload does not fit: %(why)s") % {"why": str(error)}
    entry = field_error(f"/payload{error.pointer}", error.code, message)
    return Invalid([entry], code=error.code)
