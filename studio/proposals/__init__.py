"""What the AI would write: offered, never written; the author takes it whole or change by change, refuses it, refines it."""

from studio.proposals.deciding import OPEN, Accepted, accept, discard, stands
from studio.proposals.expiring import expire
from studio.proposals.offering import applied, of_request, offer, offered
from studio.proposals.refusals import ProposalClosed, ProposalStale, UnknownHunk

__all__ = [
    "OPEN",
    "Accepted",
    "ProposalClosed",
    "ProposalStale",
    "UnknownHunk",
    "accept",
    "applied",
    "discard",
    "expire",
    "of_request",
    "offer",
    "offered",
    "stands",
]
