"""Ids as forms and query strings bring them: anything malformed names nothing."""

from uuid import UUID


def number(text: str | None) -> int:
    """The decimal number a text holds, within what a bigint can; 0 for anything else."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 18):
        return 0
    return int(text)


def uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
