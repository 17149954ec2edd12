"""The rows of one answer as a file; who took them out is on record."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.authentication import Principal
from laojun import audit
from querygpt.exporting.sheets import Sheet, written
from querygpt.models import Message, Result
from querygpt.results import storing


def export(*, principal: Principal, message: Message, result: Result, form: str) -> Iterator[bytes]:
    """The file in pieces. Raises ResultGone, ResultUnreadable, KeyError for a format we do not write."""
    rows = storing.rows_of(result)
    connection = message.conversation.connection
    sheet = Sheet(
        question=message.reply_to.content if message.reply_to else "",
        sql=message.metadata.get("sql") or "",
        connection=connection.name if connection else "",
        asked_at=message.created_at,
        columns=result.columns,
        rows=rows,
        truncated=result.truncated,
    )
    audit.record(
        actor=principal,
        action="result.exported",
        target=("conversation", message.conversation_id),
        details={"message": str(message.pk), "format": form, "rows": len(rows)},
    )
    return written(sheet, form)
