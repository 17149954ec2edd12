"""Agents come into being and change; each change of how they write is a version that stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit
from studio.agents import variables
from studio.agents.refusals import NameTaken, UnknownVariable
from studio.models import Agent, AgentVersion
from taishang.catalogue.refusals import constraint_of

# What a version keeps: everything that decides how a model is asked.
FROZEN = (
    "system_prompt",
    "behavior",
    "knowledge",
    "examples",
    "variables",
    "context_policy",
    "output_mode",
    "model_preference",
)
TOLD = ("name", "description", "avatar_url", "category", "subcategory", "is_public")
NAME_CONSTRAINT = "studio_agents_name_uniq"


def create(*, principal: Principal, values: Mapping[str, Any], note: str = "") -> Agent:
    """An agent of one's own, with its first version. Raises NameTaken, UnknownVariable."""
    agent = Agent(
        workspace_id=principal.workspace_id,
        user=principal.user,
        **{name: values[name] for name in (*FROZEN, *TOLD) if name in values},
    )
    _check(agent)
    _saved(agent, None)
    freeze(agent, author=principal, note=note)
    _record(principal, agent, "agent.created")
    return agent


def change(
    *, principal: Principal, agent: Agent, values: Mapping[str, Any], note: str = ""
) -> Agent:
    """Change an agent that the caller holds locked. A change of how it writes makes a version.

    Raises NameTaken, UnknownVariable.
    """
    changed = [
        name for name in (*FROZEN, *TOLD) if name in values and getattr(agent, name) != values[name]
    ]
    if not changed:
        return agent
    before = {name: getattr(agent, name) for name in changed}
    for name in changed:
        setattr(agent, name, values[name])
    _check(agent)
    is_new = bool(set(changed) & set(FROZEN))
    if is_new:
        agent.version += 1
    _saved(agent, [*changed, "version", "updated_at"])
    if is_new:
        freeze(agent, author=principal, note=note)
    audit.record(
        actor=principal,
        action="agent.changed",
        target=("agent", agent.pk),
        before=before,
        after={name: getattr(agent, name) for name in changed},
    )
    return agent


def roll_back(*, principal: Principal, agent: Agent, version: AgentVersion) -> Agent:
    """Write as an earlier version did; that makes another version."""
    values = {name: getattr(version, name) for name in FROZEN}
    return change(principal=principal, agent=agent, values=values, note=f"= {version.version}")


def remove(*, principal: Principal, agent: Agent) -> None:
    """Into the bin; its share code ends."""
    agent.deleted_at = timezone.now()
    agent.share_code = None
    agent.save(update_fields=["deleted_at", "share_code", "updated_at"])
    _record(principal, agent, "agent.deleted")


def restore(*, principal: Principal, agent: Agent) -> None:
    """Out of the bin, as it was; a share code is not given back. Raises NameTaken."""
    agent.deleted_at = None
    _saved(agent, ["deleted_at", "updated_at"])
    _record(principal, agent, "agent.restored")


def freeze(agent: Agent, *, author: Principal | None, note: str) -> AgentVersion:
    """The agent as it is now, as the version of its number."""
    return AgentVersion.objects.create(
        workspace_id=agent.workspace_id,
        agent=agent,
        version=agent.version,
        author=author.user if author else None,
        note=note,
        **{name: getattr(agent, name) for name in FROZEN},
    )


def _check(agent: Agent) -> None:
    own = [str(one["name"]) for one in agent.variables]
    unknown = variables.unknown(agent.system_prompt, own)
    if unknown:
        raise UnknownVariable(unknown)


def _saved(agent: Agent, fields: list[str] | None) -> None:
    try:
        with transaction.atomic():
            agent.save(update_fields=fields)
    except IntegrityError as error:
        if constraint_of(error) == NAME_CONSTRAINT:
            raise NameTaken from error
        raise
    if fields is not None:
        agent.refresh_from_db(fields=["row_version"])


def _record(principal: Principal, agent: Agent, action: str) -> None:
    audit.record(
        actor=principal,
        action=action,
        target=("agent", agent.pk),
        details={"name": agent.name, "version": agent.version},
    )
