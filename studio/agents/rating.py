"""Stars for agents: a mean that few votes move little."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Count, Sum

from accounts.authentication import Principal
from laojun import audit
from studio.agents.refusals import OwnAgent
from studio.models import Agent, AgentRating

PRIOR = Decimal("3.5")
WEIGHT = 10


def mean(*, total: int, number: int) -> Decimal:
    """Ten imagined votes of 3.5 count with the real ones."""
    return ((PRIOR * WEIGHT + total) / (WEIGHT + number)).quantize(Decimal("0.01"))


def rate(*, principal: Principal, agent: Agent, stars: int, comment: str = "") -> Agent:
    """One's stars for an agent, in place of those given before. Raises OwnAgent."""
    if agent.user_id == principal.user.pk if principal.user else True:
        raise OwnAgent
    AgentRating.objects.update_or_create(
        agent=agent,
        user=principal.user,
        defaults={
            "workspace_id": principal.workspace_id,
            "stars": stars,
            "comment": comment,
        },
    )
    audit.record(
        actor=principal, action="agent.rated", target=("agent", agent.pk), details={"stars": stars}
    )
    return recount(agent)


def unrate(*, principal: Principal, agent: Agent) -> Agent:
    AgentRating.objects.filter(agent=agent, user=principal.user).delete()
    audit.record(
        actor=principal, action="agent.rated", target=("agent", agent.pk), details={"stars": 0}
    )
    return recount(agent)


def recount(agent: Agent) -> Agent:
    """Write what the ratings add up to. The platform's own agents show each workspace its own mean, unwritten."""
    sums = AgentRating.objects.filter(agent=agent).aggregate(total=Sum("stars"), number=Count("pk"))
    agent.rating_sum, agent.rating_count = sums["total"] or 0, sums["number"]
    agent.rating = mean(total=agent.rating_sum, number=agent.rating_count)
    if agent.workspace_id is not None:
        agent.save(update_fields=["rating_sum", "rating_count", "rating", "updated_at"])
    return agent
