"""How long works, their histories and what stands beside them stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.registry import RetentionPolicy
from studio import bin, versions
from studio.models import (
    Agent,
    Chapter,
    ChapterVersion,
    Character,
    Comment,
    Import,
    Proposal,
    Read,
    Scene,
    Volume,
    Work,
    WorldEntry,
)

RESTORABLE = bin.KEPT
DECIDED_PROPOSALS_STAY = timedelta(days=90)
IMPORTS_STAY = timedelta(days=7)
READS_STAY = timedelta(days=35)
SAVES_DAYS = 90
REQUESTS_DAYS = 365
WITH_THE_WORK = _("as long as their work")
WITH_THE_CHAPTER = _("as long as their chapter")
AFTER_THE_BIN = _("30 days after they went to the bin")


def works_due(now: datetime) -> QuerySet[Work]:
    return Work.objects.filter(deleted_at__lt=now - RESTORABLE)


def volumes_due(now: datetime) -> QuerySet[Volume]:
    """Those that chapters still name wait for these."""
    return Volume.objects.filter(deleted_at__lt=now - RESTORABLE, chapters__isnull=True)


def chapters_due(now: datetime) -> QuerySet[Chapter]:
    return Chapter.objects.without_text().filter(deleted_at__lt=now - RESTORABLE)


def characters_due(now: datetime) -> QuerySet[Character]:
    return Character.objects.filter(deleted_at__lt=now - RESTORABLE)


def scenes_due(now: datetime) -> QuerySet[Scene]:
    return Scene.objects.filter(deleted_at__lt=now - RESTORABLE)


def world_due(now: datetime) -> QuerySet[WorldEntry]:
    return WorldEntry.objects.filter(deleted_at__lt=now - RESTORABLE)


def comments_due(now: datetime) -> QuerySet[Comment]:
    return Comment.objects.filter(deleted_at__lt=now - RESTORABLE)


def agents_due(now: datetime) -> QuerySet[Agent]:
    return Agent.objects.filter(deleted_at__lt=now - RESTORABLE)


def proposals_due(now: datetime) -> QuerySet[Proposal]:
    return Proposal.objects.filter(decided_at__lt=now - DECIDED_PROPOSALS_STAY)


def imports_due(now: datetime) -> QuerySet[Import]:
    return Import.objects.filter(finished_at__lt=now - IMPORTS_STAY)


def reads_due(now: datetime) -> QuerySet[Read]:
    return Read.objects.filter(day__lt=(now - READS_STAY).date())


POLICIES = (
    RetentionPolicy("studio_works", "delete", AFTER_THE_BIN, due=works_due),
    RetentionPolicy("studio_chapters", "delete", AFTER_THE_BIN, due=chapters_due),
    RetentionPolicy("studio_volumes", "delete", AFTER_THE_BIN, due=volumes_due),
    RetentionPolicy("studio_chapter_saves", "months", _("90 days"), days=lambda: SAVES_DAYS),
    RetentionPolicy(
        "studio_ai_requests", "months", _("a year"), days=lambda: REQUESTS_DAYS, archived=True
    ),
    RetentionPolicy(
        "studio_chapter_versions",
        "expire",
        _("30 days; the newest, named ones and restore points for ever"),
        due=ChapterVersion.objects.due,
        sweep=versions.expire,
    ),
    RetentionPolicy("studio_collaborators", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_characters", "delete", AFTER_THE_BIN, due=characters_due),
    RetentionPolicy("studio_character_relations", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_appearances", "keep", WITH_THE_CHAPTER),
    RetentionPolicy("studio_scenes", "delete", AFTER_THE_BIN, due=scenes_due),
    RetentionPolicy("studio_scenes_characters", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_worldview", "delete", AFTER_THE_BIN, due=world_due),
    RetentionPolicy("studio_worldview_characters", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_tags", "keep", _("until somebody deletes them")),
    RetentionPolicy("studio_chapter_tags", "keep", WITH_THE_CHAPTER),
    RetentionPolicy("studio_agents", "delete", AFTER_THE_BIN, due=agents_due),
    RetentionPolicy("studio_agent_versions", "keep", _("as long as their agent")),
    RetentionPolicy("studio_agent_ratings", "keep", _("as long as their agent")),
    RetentionPolicy(
        "studio_proposals", "delete", _("90 days after they were decided"), due=proposals_due
    ),
    RetentionPolicy("studio_chats", "keep", _("until somebody deletes them")),
    RetentionPolicy("studio_findings", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_batches", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_batch_items", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_search_segments", "keep", _("as long as what they were made from")),
    RetentionPolicy("studio_comments", "delete", AFTER_THE_BIN, due=comments_due),
    RetentionPolicy("studio_publications", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_published_chapters", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_likes", "keep", _("until the reader takes them back")),
    RetentionPolicy("studio_reads", "delete", _("35 days; the sums stay"), due=reads_due),
    RetentionPolicy("studio_reading_days", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_writing_days", "keep", WITH_THE_WORK),
    RetentionPolicy("studio_writing_goals", "keep", _("until somebody changes them")),
    RetentionPolicy("studio_imports", "delete", _("7 days after they were done"), due=imports_due),
)
