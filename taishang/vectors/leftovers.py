"""What engines still store of collections and generations that are gone."""

from __future__ import annotations

import logging

from accounts import tenancy
from taishang.models import VectorIndex
from taishang.vectors.backends import base
from taishang.vectors.backends.base import EngineError, Target

REASON = "vectors.engine_orphans"
logger = logging.getLogger(__name__)


def sweep() -> int:
    """Remove from every engine what no row names any more. Returns how much; an engine that is away keeps it."""
    return sum(_of_engine(name) for name in base.store if name != base.DATABASE)


def _of_engine(name: str) -> int:
    try:
        engine = base.engine(name)
        held = list(engine.held())
        unknown = sorted(set(held) - _known()) if held else []
        for collection_id, generation in unknown:
            engine.drop(Target(collection_id, generation, 1, "cosine", "flat"))
    except EngineError as error:
        logger.info("an engine keeps its leftovers engine=%s reason=%s", name, error.reason)
        return 0
    return len(unknown)


def _known() -> set[tuple[int, int]]:
    """Read after the engine was listed: a row always comes before what it names."""
    with tenancy.platform_scope(reason=REASON):
        return set(VectorIndex.objects.values_list("collection_id", "generation"))
