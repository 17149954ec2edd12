"""An agent tried out on a sample: a real call about a text that is no chapter's."""

from __future__ import annotations

from accounts.authentication import Principal
from studio.context import Scope, Wish
from studio.models import Agent, AIRequest, Work
from studio.requests import asking
from studio.requests.asking import Asked

TYPES = {
    Agent.OutputMode.PROSE: AIRequest.Type.GENERATE,
    Agent.OutputMode.CHAT: AIRequest.Type.CHAT,
    Agent.OutputMode.OUTLINE: AIRequest.Type.OUTLINE,
    Agent.OutputMode.FINDINGS: AIRequest.Type.CHAT,
}


def attempt(
    *, principal: Principal, agent: Agent, work: Work, text: str, instruction: str = ""
) -> Asked:
    """Nothing of the work is written and no proposal made; the answer is the request's own. Raises as asking does."""
    scope = Scope(
        work=work,
        request_type=TYPES[Agent.OutputMode(agent.output_mode)],
        instruction=instruction,
    )
    return asking.ask(principal=principal, wish=Wish(scope=scope, agent=agent, draft=text))
