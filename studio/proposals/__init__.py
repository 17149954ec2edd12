"""What the AI would write: offered, never written; the author takes it whole or change by change, refuses it, refines it."""

from studio.proposals.deciding import Accepted, accept, discard, stands
from studio.proposals.expiring import due, expire
from studio.proposals.offering import applied, offer, offered
from studio.proposals.refusals import ProposalClosed, ProposalStale, UnknownHunk

__all__ = [
    "Accepted",
    "ProposalClosed",
    "ProposalStale",
    "UnknownHunk",
    "accept",
    "applied",
    "discard",
    "due",
    "expire",
    "offer",
    "offered",
    "stands",
]
