"""Which agent is meant when nobody named one."""

from __future__ import annotations

from accounts.authentication import Principal
from studio.agents import builtin, seeding
from studio.models import Agent, Work

MODES = {"outline": "outline", "analyze": "findings", "chat": "chat"}


class WrongAgent(ValueError):
    """The agent answers in another form than this kind of help needs."""

    code = "agent_mode"


def for_request(
    *, principal: Principal, work: Work, request_type: str, agent: Agent | None
) -> Agent:
    """The agent that was named, where its answers fit; else the platform's in the language of the work. Raises WrongAgent."""
    if agent is None:
        language = builtin.language_of(work.language)
        wanted = seeding.key(builtin.BY_TYPE[request_type], language)
        return Agent.objects.visible_to(principal).get(is_builtin=True, subcategory=wanted)
    if agent.output_mode != MODES.get(request_type, "prose"):
        raise WrongAgent
    return agent
