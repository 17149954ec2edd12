"""A share code lets one who knows it copy an agent, whatever workspace they are in. It ends at once when it is revoked."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts import news, tenancy
from accounts.authentication import Principal
from laojun import audit
from studio.agents import saving
from studio.agents.refusals import CodeUnknown, NameTaken
from studio.models import Agent

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 8
VALID = timedelta(days=30)
NOTICE = timedelta(days=3)
ONE_DAY = timedelta(days=1)
LETTER = "share_ends"
MOST_NAMES = 50


def share(*, principal: Principal, agent: Agent) -> Agent:
    """Give an agent a code of its own, in place of the one it had; no code is given twice."""
    agent.share_code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    agent.shared_at = timezone.now()
    agent.share_expires_at = agent.shared_at + VALID
    agent.save(update_fields=["share_code", "shared_at", "share_expires_at", "updated_at"])
    audit.record(actor=principal, action="agent.shared", target=("agent", agent.pk))
    return agent


def revoke(*, principal: Principal, agent: Agent) -> None:
    if agent.share_code is None:
        return
    agent.share_code = agent.share_expires_at = None
    agent.save(update_fields=["share_code", "share_expires_at", "updated_at"])
    audit.record(actor=principal, action="agent.share_ended", target=("agent", agent.pk))


def warn(*, now: datetime) -> int:
    """Tell whose codes end in three days; once for each. Answers how many."""
    last = now + NOTICE
    with tenancy.platform_scope(reason="studio.warn_of_shares"):
        ending = Agent.objects.alive().filter(
            share_code__isnull=False,
            share_expires_at__gt=last - ONE_DAY,
            share_expires_at__lte=last,
        )
        owned = [(one, one.user) for one in ending.select_related("user") if one.user is not None]
        for agent, owner in owned:
            news.tell(
                LETTER,
                user=owner,
                link=("studio_agent", agent.pk),
                workspace_id=agent.workspace_id,
                dedup_key=f"share:{agent.pk}",
                agent=agent.name,
            )
    return len(owned)


def warn_today() -> int:
    return warn(now=timezone.now())


def find(code: str) -> Agent:
    """The agent that is shared by a code now. Raises CodeUnknown.

    The code itself lets this transaction see this one row of another workspace.
    """
    wanted = code.strip().upper()
    if len(wanted) != LENGTH or set(wanted) - set(ALPHABET):
        raise CodeUnknown
    _name(wanted)
    try:
        rows = Agent.objects.alive().filter(share_code=wanted, share_expires_at__gt=timezone.now())
        agent = rows.first()
    finally:
        _name("")
    if agent is None:
        raise CodeUnknown
    return agent


def take(*, principal: Principal, code: str) -> Agent:
    """Copy a shared agent into one's own; later changes of the original do not reach the copy. Raises CodeUnknown."""
    origin = find(code)
    values: dict[str, Any] = {name: getattr(origin, name) for name in saving.FROZEN}
    # A model of another workspace means nothing here.
    values["model_preference"] = ""
    values |= {
        "description": origin.description,
        "category": Agent.Category.CUSTOM,
        "subcategory": origin.subcategory,
    }
    copy = _named(principal, origin, values)
    Agent.objects.filter(pk=copy.pk).update(
        origin_agent_id=origin.pk, origin_version=origin.version
    )
    audit.record(
        actor=principal,
        action="agent.imported",
        target=("agent", copy.pk),
        details={"origin": str(origin.pk), "version": origin.version},
    )
    copy.refresh_from_db()
    return copy


def _named(principal: Principal, origin: Agent, values: dict[str, Any]) -> Agent:
    """Under its own name, or with a number behind it."""
    for number in range(1, MOST_NAMES):
        name = origin.name if number == 1 else f"{origin.name[:90]} ({number})"
        try:
            return saving.create(principal=principal, values={**values, "name": name})
        except NameTaken:
            continue
    raise NameTaken


def _name(code: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.share_code', %s, true)", [code])
