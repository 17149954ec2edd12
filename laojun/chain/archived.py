"""Rows that stand in archives: whoever keeps them supplies them, and PostgreSQL gives their canonical form again."""

from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import connection

from accounts import tenancy
from accounts.registry import Port
from laojun.chain import form
from laojun.chain.walking import Sealed

BATCH = 1_000
# chain_id → the chain's archived rows as JSON texts (`to_jsonb(row)::text`), by ascending number
audit_archives = Port("audit_archives", required=False)
READ = """
    SELECT l.seq, l.id, l.created_at, l.hash, {canonical}
    FROM jsonb_populate_recordset(NULL::lao_audit_logs, %s::jsonb) AS l ORDER BY l.seq, l.id
"""


class NoArchives(Exception):
    """Nothing here keeps archives of the audit log."""


def rows(chain_id: int) -> Iterator[Sealed]:
    """The archived rows of a chain in the order of their numbers. Raises NoArchives."""
    if audit_archives.function is None:
        raise NoArchives
    texts: Iterable[str] = audit_archives(chain_id=chain_id)
    source = iter(texts)
    query = READ.format(canonical=form.CANONICAL)
    while batch := list(islice(source, BATCH)):
        with tenancy.sealer_scope(), connection.cursor() as cursor:
            cursor.execute(query, [f"[{','.join(batch)}]"])
            found = [Sealed._make(row) for row in cursor.fetchall()]
        yield from found
