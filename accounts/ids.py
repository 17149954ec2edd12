"""Keys that sort by the time they were made."""

import uuid

import uuid_utils


def uuid7() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits. Made here since PostgreSQL 15–17 cannot."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)
