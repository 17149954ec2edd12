"""Why a proposal is not taken, in the codes that every door answers with."""

from __future__ import annotations


class ProposalRefused(Exception):
    """The base of all of them. `code` is a registered problem."""

    code = ""


class ProposalClosed(ProposalRefused):
    """It was decided before."""

    code = "proposal_closed"

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.members = {"state": state}


class ProposalStale(ProposalRefused):
    """The passage it would replace has changed, is gone, or stands more than once."""

    code = "proposal_stale"

    def __init__(self, revision: int) -> None:
        super().__init__(str(revision))
        self.members = {"revision": revision}


class UnknownHunk(ProposalRefused):
    """A number names no change of the proposal."""

    code = "validation_error"
