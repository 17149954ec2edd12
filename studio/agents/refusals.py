"""Why an agent is not saved, shared or rated, in the codes that every door answers with."""

from __future__ import annotations

from typing import Any


class AgentRefused(Exception):
    """The base of all of them. `code` is a registered problem; `field` is the value that was refused."""

    code = ""
    field = ""

    def __init__(self, **members: Any) -> None:
        super().__init__(self.code)
        self.members = members


class NameTaken(AgentRefused):
    """The person has an agent of this name."""

    code = "name_taken"
    field = "name"


class UnknownVariable(AgentRefused):
    """The prompt names something that nothing fills in."""

    code = "variable_unknown"
    field = "system_prompt"

    def __init__(self, names: list[str]) -> None:
        super().__init__(names=names)


class CodeUnknown(AgentRefused):
    """No agent is shared by this code now: it never was, or has ended."""

    code = "not_found"


class OwnAgent(AgentRefused):
    """Nobody rates what they made."""

    code = "own_agent"
