"""The row on which each action of the console's lists about novels is tried."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from studio.agents import sharing
from studio.models import Agent, AIRequest, Batch, Publication, Work
from studio.publishing import opening
from tests.studio import rows


def _binned(world: Any) -> str:
    with world.inside():
        Work.objects.filter(pk=world.key("work")).update(deleted_at=timezone.now())
    return world.key("work")


def _shared(world: Any) -> str:
    with world.inside():
        agent = Agent.objects.get(pk=world.key("agent"))
        sharing.share(principal=rows.principal(world.alice), agent=agent)
    return world.key("agent")


def _working(world: Any) -> str:
    with world.inside():
        AIRequest.objects.filter(pk=world.key("ai_request")).update(status="processing")
    return world.key("ai_request")


def _running(world: Any) -> str:
    with world.inside():
        Batch.objects.filter(pk=world.key("batch")).update(state="running")
    return world.key("batch")


def _published(world: Any) -> Publication:
    with world.inside():
        work = Work.objects.get(pk=world.key("work"))
        return opening.open_to_readers(principal=rows.principal(world.alice), work=work)


def _work(world: Any) -> str:
    return world.key("work")


ACTIONS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("studio.work", "restore"): _binned,
    ("studio.work", "unpublish"): lambda world: _published(world).work_id,
    ("studio.work", "index_anew"): _work,
    ("studio.work", "count_again"): _work,
    ("studio.work", "mend"): _work,
    ("studio.publication", "take_down"): lambda world: _published(world).pk,
    ("studio.chapter", "release"): lambda world: world.key("chapter"),
    ("studio.agent", "end_sharing"): _shared,
    ("studio.airequest", "stop"): _working,
    ("studio.batch", "cancel"): _running,
}
# Those that leave no row, each with its reason.
NOT_TRIED = {
    ("studio.chapterversion", "rehearse"): "reads",
}
