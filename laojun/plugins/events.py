"""What plugins on `event.sink` can hear of: a closed list of event types, each with its permission and its schema.

An event is written into the outbox in the transaction of its deed, one row for each sink that may hear of it, so
that it is told if and only if the deed stands. What the audit log records is told by the database itself.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from accounts import tenancy
from accounts.ids import uuid7
from accounts.redaction import redact
from accounts.registry import Store
from laojun import audit
from laojun.models import PluginDelivery
from laojun.plugins import broker

TASK, AUDIT, NOTIFICATION = "event:task", "event:audit", "event:notification"
SOURCE = "/workspaces/{}"
CONTENT_TYPE = "application/cloudevents+json"
EMIT = "SELECT lao_plugin_emit(%s, %s, %s, %s, %s, %s::jsonb, %s)"


@dataclass(frozen=True)
class EventType:
    """A kind of event: the permission to hear of it, and the JSON Schema of its `data`.

    In the schema `x-permission` closes a part of the data to sinks that hold no such permission. `address` is where
    one reads what was too large to be told.
    """

    key: str
    permission: str
    data_schema: Mapping[str, Any]
    label: Any
    address: str = "/api/v1/audit-logs/?trace_id={trace}"


class UnknownEvent(LookupError):
    """No app declares this type of event."""


types: Store[EventType] = Store("event_types")


def emit(
    kind: str, *, data: Mapping[str, Any], subject: str = "", workspace_id: int | None = None
) -> int:
    """Write an event into the outbox of every sink here that may hear of it. Returns how many there are.

    Belongs into the transaction of the deed, inside its workspace or the platform scope. Secrets are redacted.
    Without an enabled plugin in the workspace it costs one look into an index. Raises UnknownEvent.
    """
    found = types.get(kind)
    if found is None:
        raise UnknownEvent(kind)
    place = workspace_id or tenancy.current().workspace_id
    if place is None:
        return 0
    content = orjson.dumps(redact(dict(data)), default=str).decode()
    values: list[Any] = [place, kind, found.permission, subject, uuid7(), content]
    with connection.cursor() as cursor:
        cursor.execute(EMIT, [*values, audit.current_facts().trace_id])
        return int(cursor.fetchone()[0])


def as_cloud_event(
    delivery: PluginDelivery, granted: Set[str], public_url: str
) -> dict[str, Any] | None:
    """The event as a sink with these permissions may see it; None when it may not hear of it at all.

    Source: CloudEvents 1.0, structured content mode; `truncated` is an extension attribute of ours.
    """
    found = types.get(delivery.event_type)
    if found is None or found.permission not in granted:
        return None
    kept = delivery.payload or {}
    event = {
        "specversion": "1.0",
        "id": str(delivery.event_id),
        "source": SOURCE.format(delivery.workspace_id),
        "type": delivery.event_type,
        "subject": kept.get("subject", ""),
        "time": kept.get("time") or _moment(delivery.created_at),
        "datacontenttype": "application/json",
        "data": broker.strip(found.data_schema, kept.get("data") or {}, granted),
    }
    if kept.get("truncated"):
        address = found.address.format(subject=event["subject"], trace=delivery.trace_id)
        event |= {"truncated": True, "data": {"resource": f"{public_url}{address}"}}
    return event


def _moment(at: datetime) -> str:
    return at.isoformat()
