"""Telling many people at once: an operator's words, in the language of each reader."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import news, registry, tenancy
from accounts.ids import uuid7
from accounts.models import Membership, User
from accounts.registry import Job
from laojun import audit
from laojun.audit import Actor
from laojun.models import Notification

EVERYBODY, OPERATORS, WORKSPACE = "everybody", "operators", "workspace"
BATCH = 200
REASON = "broadcast"
TEXTS = {
    "type": "object",
    "properties": {
        "zh-hans": {"type": "string", "maxLength": 1000},
        "en": {"type": "string", "maxLength": 1000},
    },
    "required": ["zh-hans", "en"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "audience": {"enum": [EVERYBODY, OPERATORS, WORKSPACE]},
        "workspace_id": {"type": ["integer", "null"]},
        "title": TEXTS,
        "text": TEXTS,
    },
    "required": ["id", "audience", "workspace_id", "title", "text"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Broadcast:
    """What is said, by language (Django's codes), and to whom. `workspace_id` names whose members."""

    audience: str
    title: dict[str, str]
    text: dict[str, str]
    workspace_id: int | None = None


def readers(audience: str, workspace_id: int | None = None) -> Any:
    """Who would be told, as a queryset of people. Inside the platform scope."""
    people = User.objects.able_to_sign_in().order_by("pk")
    if audience == OPERATORS:
        return people.filter(is_staff=True)
    if audience == WORKSPACE:
        members = Membership.objects.active().filter(workspace_id=workspace_id)
        return people.filter(pk__in=members.values("user_id"))
    return people


def start(*, broadcast: Broadcast, count: int, actor: Actor) -> Any:
    """Let a worker tell them all. Returns the task. `count` is what the operator was shown."""
    number = str(uuid7())
    audit.record(
        actor=actor,
        action="notification.broadcast",
        target=audit.Target("broadcast", number, platform=True),
        details={
            "audience": broadcast.audience,
            "workspace_id": broadcast.workspace_id,
            "title": broadcast.title,
            "people": count,
        },
    )
    payload = {
        "id": number,
        "audience": broadcast.audience,
        "workspace_id": broadcast.workspace_id,
        "title": broadcast.title,
        "text": broadcast.text,
    }
    return registry.enqueue(kind=JOB.name, payload=payload)


def run(payload: dict[str, Any]) -> dict[str, int]:
    """The worker's side: in batches, each a transaction; who was told before a crash is not told again."""
    told = sum(_tell(batch, payload) for batch in _batches(payload))
    return {"told": told}


JOB = Job(
    "laojun.broadcast",
    run,
    SCHEMA,
    queue="notifications",
    retries_s=(30.0, 120.0, 600.0),
    label=_("Tell many people"),
)


def _batches(payload: dict[str, Any]) -> Iterator[list[Any]]:
    with tenancy.platform_scope(reason=REASON):
        rows = readers(payload["audience"], payload["workspace_id"])
        ids = list(rows.values_list("pk", flat=True))
    for start_at in range(0, len(ids), BATCH):
        yield ids[start_at : start_at + BATCH]


def _tell(ids: list[Any], payload: dict[str, Any]) -> int:
    key = f"broadcast:{payload['id']}"
    with tenancy.platform_scope(reason=REASON):
        told = Notification.objects.filter(dedup_key=key, user_id__in=ids).values("user_id")
        people = list(User.objects.filter(pk__in=ids).exclude(pk__in=told))
        for person in people:
            news.tell(
                "broadcast",
                user=person,
                dedup_key=key,
                title=payload["title"],
                text=payload["text"],
            )
    return len(people)
