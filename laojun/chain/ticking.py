"""What runs by itself for the chain: seal every two seconds, anchor and look every minute."""

from typing import Any

from accounts import registry
from accounts.registry import Progress
from laojun.chain import alarms, anchors, sealing

BACKLOG = "laojun.audit_backlog"
NO_PAYLOAD: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


def seal() -> None:
    """Seal for a moment; what is left then is sealed by a task beside the next turns."""
    if not anchors.seal_and_anchor().is_done:
        registry.enqueue(kind=BACKLOG, payload={}, dedup_key=BACKLOG)


def seal_backlog(_payload: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The task: seal until nothing is left, with a bar over the chains that wait."""
    rows = 0
    chains = sealing.backlog().chains
    is_done = False
    while not is_done:
        turn = anchors.seal_and_anchor()
        rows, is_done = rows + turn.rows, turn.is_done
        progress(max(chains - sealing.backlog().chains, 0), max(chains, 1))
    return {"rows": rows}


def each_minute() -> None:
    """Anchor what was sealed, then look whether anything needs a person."""
    anchors.anchor()
    alarms.look()
