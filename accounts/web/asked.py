"""What forms and query strings bring to pages: a malformed id names nothing, a word is cut to what can be asked."""

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


def words(text: str | None, *, most: int = 100) -> str:
    """A search as it can be asked of the database: without NUL, which PostgreSQL cannot hold."""
    return (text or "").replace("\x00", "").strip()[:most]
