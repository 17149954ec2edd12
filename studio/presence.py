"""Who has a chapter open: a hint in the cache that ends by itself. It decides nothing, and without Redis nobody is shown."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from django.core.cache import cache

from accounts.models import User

# A page tells every 25 seconds; who is silent for so long is gone.
LIFE_SECONDS = 60
MOST = 20


def note(*, chapter_id: UUID, user: User) -> list[str]:
    """This person has the chapter open. Answers the names of the others, the longest here first.

    Two pages that tell in the same moment may miss each other until the next time.
    """
    now = time.time()
    key = f"studio:{chapter_id}:open"
    kept: dict[str, Any] = cache.get(key) or {}
    here = {pk: one for pk, one in kept.items() if one["until"] > now}
    mine = str(user.pk)
    since = here.get(mine, {}).get("since", now)
    here[mine] = {"name": user.get_username(), "since": since, "until": now + LIFE_SECONDS}
    cache.set(key, here, LIFE_SECONDS)
    others = sorted((one for pk, one in here.items() if pk != mine), key=lambda one: one["since"])
    return [one["name"] for one in others[:MOST]]
