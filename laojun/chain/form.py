"""What is hashed, and how: the canonical form of a row, computed by PostgreSQL, and the link to the row before it.

Pure but for the SQL text. A stranger who has the canonical forms can recompute every hash with `link` alone.
"""

import hashlib
from uuid import UUID

VERSION = b"lao-audit/1"
NUMBER_BYTES = 8
# A query's own expression, never a stored function, which an owner could replace unseen. `pg_catalog` is named, since
# a function of the same name and of exactly these argument types in another schema would be preferred.
CANONICAL = """pg_catalog.jsonb_build_array(
    l.id, (extract(epoch FROM l.created_at) * 1000000)::bigint, l.workspace_id, l.actor_kind, l.actor,
    l.actor_id, l.action, l.resource_type, l.resource_id, l.result, l.payload, l.ip_address,
    l.user_agent, l.trace_id)::text"""


def genesis(instance: UUID, chain_id: int) -> bytes:
    """The hash that the first row of a chain follows."""
    return hashlib.sha256(VERSION + instance.bytes + _number(chain_id)).digest()


def link(chain_id: int, seq: int, before: bytes, canonical: str) -> bytes:
    """The hash of row `seq`: SHA-256 of version, chain, number, the hash before it and the row's canonical form.

    Shapes: integers as 8 bytes, big-endian; `before` 32 bytes; `canonical` as UTF-8.
    """
    return hashlib.sha256(
        VERSION + _number(chain_id) + _number(seq) + before + canonical.encode()
    ).digest()


def of_chain(chain_id: int) -> str:
    """The condition on `l` for the rows of a chain, for queries by its index. 0 is the platform's."""
    return f"l.workspace_id = {int(chain_id)}" if chain_id else "l.workspace_id IS NULL"


def _number(value: int) -> bytes:
    return value.to_bytes(NUMBER_BYTES, "big", signed=True)
