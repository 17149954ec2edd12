"""Every deed in a plugin's life: one row in the audit log, and one beside it with the whole difference."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction

from accounts import tenancy
from laojun import audit
from laojun.audit import Actor, Target

# The writer may not read rows of the platform's log, so the number is asked of the sequence, not of the row.
NUMBER = "currval(pg_get_serial_sequence('lao_audit_logs', 'id'))"
INSERT = f"""
    INSERT INTO lao_plugin_audits (workspace_id, plugin_id, slug, audit_id, action, actor, actor_id,
        result, version_from, version_to, diff, trace_id)
    VALUES (%(workspace_id)s, %(plugin_id)s, %(slug)s, {NUMBER}, %(action)s, %(actor)s, %(actor_id)s,
        %(result)s, %(version_from)s, %(version_to)s, %(diff)s::jsonb, %(trace_id)s)
"""
PLUGIN, INSTANCE, KEY = "plugin", "plugin_instance", "plugin_key"


@dataclass(frozen=True)
class Subject:
    """What a deed was done to, in whose log: of the platform with `workspace_id` None."""

    type: str
    id: str
    workspace_id: int | None
    plugin_id: int | None = None
    slug: str = ""

    @property
    def target(self) -> Target:
        platform = self.workspace_id is None
        return Target(self.type, self.id, platform=platform, workspace_id=self.workspace_id)


def record(
    *,
    actor: Actor,
    action: str,
    subject: Subject,
    result: str = audit.OK,
    change: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
    moved: tuple[str, str] = ("", ""),
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write both rows in the transaction at hand. `change` is before and after, `moved` the two versions.

    The row in the audit log holds the SHA-256 of the difference, so that neither can be changed alone.
    Cost: two statements. Raises UnknownAction.
    """
    before, after = change or (None, None)
    told = {"slug": subject.slug, **(details or {})}
    diff = orjson.dumps(audit.payload(before, after, told), option=orjson.OPT_SORT_KEYS).decode()
    audit.record(
        actor=actor,
        action=action,
        target=subject.target,
        result=result,
        before=before,
        after=after,
        details={**told, "diff_sha256": hashlib.sha256(diff.encode()).hexdigest()},
    )
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            {
                "workspace_id": subject.workspace_id,
                "plugin_id": subject.plugin_id,
                "slug": subject.slug,
                "action": action,
                "actor": actor.name,
                "actor_id": actor.id,
                "result": result,
                "version_from": moved[0],
                "version_to": moved[1],
                "diff": diff,
                "trace_id": audit.current_facts().trace_id,
            },
        )


def record_afterwards(*, subject: Subject, **deed: Any) -> None:
    """Write both rows of a refused deed in a transaction of their own, after this request's rollback.

    Outside a request they are written at once.
    """
    facts, context = audit.current_facts(), tenancy.current()

    def write() -> None:
        with _log_of(subject.workspace_id, context.user_id), audit.facts(facts):
            record(subject=subject, **deed)

    if facts.afterwards is None:
        write()
    else:
        facts.afterwards.append(write)


@contextmanager
def _log_of(workspace_id: int | None, user_id: Any) -> Iterator[None]:
    if workspace_id is None:
        with transaction.atomic():
            yield
    else:
        with tenancy.workspace(workspace_id, user_id=user_id):
            yield
