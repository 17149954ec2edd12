"""The reference plugin of `event.sink`: it writes each event as a line into the log of the platform."""

import logging
from typing import Any

logger = logging.getLogger("laojun.events")


def write(event: dict[str, Any], config: dict[str, Any]) -> None:
    """One line an event; with `with_subject` it names what the event is about. The data stay where they are."""
    subject = event.get("subject", "") if config.get("with_subject", True) else ""
    logger.info(
        "event type=%s id=%s source=%s subject=%s",
        event["type"],
        event["id"],
        event["source"],
        subject,
    )
