"""Chains to look at and to spoil: rows of a workspace, and a database owner who sticks at nothing."""

import random
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, connections, transaction

from accounts import tenancy
from accounts.models import Workspace
from accounts.tenancy import Context
from laojun import audit
from laojun.chain import form, sealing, verifying
from laojun.chain.verifying import Wanted

LOGS = "lao_audit_logs"
CONTENT = (
    "actor_kind, actor, actor_id, action, resource_type, resource_id, result, payload, ip_address,"
    " user_agent, trace_id"
)


def deeds(workspace: Workspace, count: int) -> None:
    person = audit.Actor.of_user(workspace.owner)
    with tenancy.workspace(workspace.id, user_id=workspace.owner_id):
        for number in range(count):
            audit.record(
                actor=person,
                action="file.uploaded",
                target=("file", str(number)),
                before={"a": number},
                after={"a": number + 1, "text": "字" * (number % 7)},
            )


def sealed(workspace: Workspace, count: int) -> int:
    """So many rows more, sealed; the chain's number."""
    deeds(workspace, count)
    sealing.seal_chain(workspace.id)
    return workspace.id


def verdict(chain_id: int, **wanted):
    return verifying.verify(wanted=Wanted(chains=[chain_id], **wanted)).verdicts[0]


@contextmanager
def owning_the_database():
    """The connection belongs to a superuser meanwhile; product code takes its own roles on it as ever."""
    values = connections["default"].settings_dict
    before = {name: values[name] for name in ("USER", "PASSWORD")}
    connection.close()
    values.update(USER="postgres", PASSWORD=settings.SERVERS.secret("database_superuser"))
    try:
        with transaction.atomic():
            tenancy._apply(Context())
            yield
            transaction.set_rollback(True)
    finally:
        connection.close()
        values.update(before)


@dataclass(frozen=True)
class Deed:
    """What was done to a chain: the first number that is bad, and what it may be called."""

    name: str
    seq: int
    kinds: frozenset[str]


class Vandal:
    """Spoils one chain in one random way at a time, triggers off."""

    def __init__(self, chain_id: int, dice: random.Random) -> None:
        self.chain_id = chain_id
        self.dice = dice
        self.last = self._one("SELECT max(seq) FROM {logs} WHERE {mine}")
        self.ways: list[Callable[[], Deed]] = [
            self.edit,
            self.edit_hash,
            self.move_away,
            self.delete,
            self.delete_and_renumber,
            self.insert,
            self.insert_forged,
            self.insert_and_push,
            self.insert_at_the_end,
            self.swap_numbers,
            self.swap_numbers_and_hashes,
            self.swap_content,
            self.cut_tail,
            self.cut_tail_and_head,
        ]

    @contextmanager
    def free(self):
        """As the superuser, until the role is taken again."""
        self.run("SET LOCAL ROLE NONE")
        self.run("SET LOCAL session_replication_role = replica")
        yield
        self.run("SET LOCAL session_replication_role = origin")
        tenancy._apply(Context())

    def run(self, statement: str, *values) -> None:
        text = statement.replace("{logs}", LOGS).replace(
            "{mine}", f"workspace_id = {self.chain_id}"
        )
        with connection.cursor() as cursor:
            cursor.execute(text, values)

    def _one(self, query: str, *values):
        with tenancy.sealer_scope(), connection.cursor() as cursor:
            text = query.replace("{logs}", LOGS).replace(
                "{mine}", f"workspace_id = {self.chain_id}"
            )
            cursor.execute(text, values)
            return cursor.fetchone()[0]

    def _any(self, before_end: int = 0) -> int:
        return self.dice.randint(1, self.last - before_end)

    def edit(self) -> Deed:
        seq = self._any()
        change = self.dice.choice(
            (
                "action = 'file.deleted'",
                "actor = 'user:somebody'",
                "actor_id = gen_random_uuid()",
                "resource_id = 'other'",
                "resource_type = 'folder'",
                "result = 'denied'",
                "payload = jsonb_set(payload, '{after,a}', '99999')",
                "ip_address = '203.0.113.9'",
                "user_agent = 'curl'",
                "trace_id = 'none'",
                "created_at = created_at + interval '1 microsecond'",
                "id = id + 1000000",
            )
        )
        self.run(f"UPDATE {{logs}} SET {change} WHERE {{mine}} AND seq = %s", seq)
        return Deed(f"edit {change}", seq, frozenset({"edited"}))

    def edit_hash(self) -> Deed:
        seq = self._any()
        self.run("UPDATE {logs} SET hash = sha256(hash) WHERE {mine} AND seq = %s", seq)
        return Deed("edit hash", seq, frozenset({"edited"}))

    def move_away(self) -> Deed:
        seq = self._any(1)
        self.run("UPDATE {logs} SET workspace_id = 987654 WHERE {mine} AND seq = %s", seq)
        return Deed("move away", seq, frozenset({"missing"}))

    def delete(self) -> Deed:
        seq = self._any(4)
        upto = seq + self.dice.randint(0, 2)
        self.run("DELETE FROM {logs} WHERE {mine} AND seq BETWEEN %s AND %s", seq, upto)
        return Deed("delete", seq, frozenset({"missing"}))

    def delete_and_renumber(self) -> Deed:
        seq = self._any(3)
        self.run("DELETE FROM {logs} WHERE {mine} AND seq = %s", seq)
        self.run("UPDATE {logs} SET seq = seq - 1 WHERE {mine} AND seq > %s", seq)
        return Deed("delete and renumber", seq, frozenset({"missing"}))

    def _copy(self, seq: int, number: str, digest: str) -> None:
        self.run(
            f"INSERT INTO {{logs}} (workspace_id, {CONTENT}, seq, hash, sealed_at, created_at)"
            f" SELECT workspace_id, {CONTENT.replace('resource_id', repr('forged'))}, {number}, {digest},"
            f" now(), created_at FROM {{logs}} WHERE {{mine}} AND seq = %s",
            seq,
        )

    def insert(self) -> Deed:
        seq = self._any()
        self._copy(seq, "seq", "sha256(hash)")
        return Deed("insert", seq, frozenset({"inserted"}))

    def insert_forged(self) -> Deed:
        """Somebody who can compute the hash slips in a second row of a number."""
        seq = self._any(1)
        self._copy(seq, "seq", "hash")
        self._sign(seq, "forged")
        return Deed("insert forged", seq, frozenset({"inserted"}))

    def insert_and_push(self) -> Deed:
        seq = self._any()
        self.run("UPDATE {logs} SET seq = seq + 1 WHERE {mine} AND seq >= %s", seq)
        self._copy(seq + 1, str(seq), "sha256(hash)")
        return Deed("insert and push", seq, frozenset({"inserted"}))

    def insert_at_the_end(self) -> Deed:
        self._copy(self.last, "seq + 1", "hash")
        self._sign(self.last + 1, "forged")
        return Deed("insert at the end", self.last + 1, frozenset({"inserted"}))

    def _sign(self, seq: int, resource_id: str) -> None:
        """A right hash for a foreign row."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT l.id, {form.CANONICAL}, (SELECT hash FROM {LOGS} b WHERE b.workspace_id = %s"
                f" AND b.seq = %s) FROM {LOGS} l WHERE l.workspace_id = %s AND l.seq = %s"
                f" AND l.resource_id = %s",
                [self.chain_id, seq - 1, self.chain_id, seq, resource_id],
            )
            row_id, canonical, before = cursor.fetchone()
        digest = form.link(self.chain_id, seq, before or self._genesis(), canonical)
        self.run("UPDATE {logs} SET hash = %s WHERE {mine} AND id = %s", digest, row_id)

    def _genesis(self) -> bytes:
        with connection.cursor() as cursor:
            cursor.execute("SELECT instance_id FROM lao_audit_instance")
            return form.genesis(cursor.fetchone()[0], self.chain_id)

    def _pair(self) -> tuple[int, int]:
        first, second = sorted(self.dice.sample(range(1, self.last + 1), 2))
        return first, self.dice.choice((second, first + 1))

    def _exchange(self, columns: str) -> int:
        first, second = self._pair()
        names = [name.strip() for name in columns.split(",")]
        sets = ", ".join(f"{name} = other.{name}" for name in names)
        self.run(
            f"UPDATE {{logs}} l SET {sets} FROM (SELECT * FROM {{logs}} WHERE {{mine}}) other"
            " WHERE l.workspace_id = other.workspace_id AND ((l.seq = %s AND other.seq = %s)"
            " OR (l.seq = %s AND other.seq = %s))",
            first,
            second,
            second,
            first,
        )
        return first

    def swap_numbers(self) -> Deed:
        return Deed("swap numbers", self._exchange("seq"), frozenset({"swapped"}))

    def swap_numbers_and_hashes(self) -> Deed:
        seq = self._exchange("seq, hash")
        return Deed("swap numbers and hashes", seq, frozenset({"swapped"}))

    def swap_content(self) -> Deed:
        """What two rows say changes places, their numbers and ids stay: each of them was edited."""
        return Deed("swap content", self._exchange("resource_id, payload"), frozenset({"edited"}))

    def cut_tail(self) -> Deed:
        seq = self.last - self.dice.randint(0, 5)
        self.run("DELETE FROM {logs} WHERE {mine} AND seq >= %s", seq)
        return Deed("cut tail", seq, frozenset({"tail_cut"}))

    def cut_tail_and_head(self) -> Deed:
        """The chain's own row is made to agree; only the anchors know better."""
        seq = self.last - self.dice.randint(0, 5)
        self.run("DELETE FROM {logs} WHERE {mine} AND seq >= %s", seq)
        self.run(
            "UPDATE lao_audit_chains c SET head_seq = l.seq, head_hash = l.hash, anchored_seq = l.seq"
            " FROM {logs} l WHERE c.chain_id = l.workspace_id AND l.workspace_id = %s AND l.seq = %s",
            self.chain_id,
            seq - 1,
        )
        return Deed("cut tail and head", seq, frozenset({"tail_cut"}))

    def rewrite(self, seq: int) -> None:
        """Change a row and compute every later hash anew, the head's too."""
        self.run("UPDATE {logs} SET resource_id = 'rewritten' WHERE {mine} AND seq = %s", seq)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT l.seq, l.hash, {form.CANONICAL} FROM {LOGS} l WHERE l.workspace_id = %s"
                " ORDER BY l.seq",
                [self.chain_id],
            )
            rows = cursor.fetchall()
        before = self._genesis()
        for number, digest, canonical in rows:
            before = digest if number < seq else form.link(self.chain_id, number, before, canonical)
            self.run("UPDATE {logs} SET hash = %s WHERE {mine} AND seq = %s", before, number)
        self.run(
            "UPDATE lao_audit_chains SET head_hash = %s WHERE chain_id = %s", before, self.chain_id
        )
