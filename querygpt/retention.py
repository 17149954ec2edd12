"""How long questions, their runs and what is known of databases stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.registry import RetentionPolicy
from querygpt.models import Connection, Conversation, Result, Run, Table

RESTORABLE = timedelta(days=30)
RUNS_STAY = timedelta(days=90)
WITH_THE_CONNECTION = _("as long as their connection")


def connections_due(now: datetime) -> QuerySet[Connection]:
    return Connection.objects.filter(deleted_at__lt=now - RESTORABLE)


def tables_due(now: datetime) -> QuerySet[Table]:
    """Tables the server no longer has: what people wrote about them waits for their return."""
    return Table.objects.filter(vanished_at__lt=now - RESTORABLE)


def conversations_due(now: datetime) -> QuerySet[Conversation]:
    return Conversation.objects.filter(deleted_at__lt=now - RESTORABLE)


def runs_due(now: datetime) -> QuerySet[Run]:
    """Runs of 90 days ago, but for those whose rows are still kept."""
    kept = Result.objects.stored().filter(run_id=OuterRef("pk"))
    old = Run.objects.filter(created_at__lt=now - RUNS_STAY)
    return old.exclude(state=Run.State.RUNNING).exclude(Exists(kept))


POLICIES = (
    RetentionPolicy(
        "querygpt_connections", "delete", _("30 days after they were deleted"), due=connections_due
    ),
    RetentionPolicy("querygpt_connection_files", "keep", WITH_THE_CONNECTION),
    RetentionPolicy(
        "querygpt_tables", "delete", _("30 days after their server lost them"), due=tables_due
    ),
    RetentionPolicy("querygpt_columns", "keep", _("as long as their table")),
    RetentionPolicy("querygpt_relationships", "keep", _("as long as their tables")),
    RetentionPolicy("querygpt_terms", "keep", _("until somebody deletes them")),
    RetentionPolicy("querygpt_examples", "keep", WITH_THE_CONNECTION),
    RetentionPolicy(
        "querygpt_conversations",
        "delete",
        _("30 days after their person deleted them"),
        due=conversations_due,
    ),
    RetentionPolicy("querygpt_messages", "keep", _("as long as their conversation")),
    RetentionPolicy("querygpt_runs", "delete", _("90 days"), due=runs_due),
    RetentionPolicy("querygpt_results", "keep", _("as long as their run; the rows expire before")),
    RetentionPolicy("querygpt_prompts", "keep", _("until somebody resets them")),
)
