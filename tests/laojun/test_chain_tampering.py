"""Whatever the database's owner does to sealed rows is found, and the first bad row is named."""

import os
import random
import secrets
import sys
from functools import partial

import pytest
from django.db import transaction

from laojun.chain import anchors, checkpoints, verifying, witness
from laojun.chain.verdicts import INTACT, TAMPERED
from laojun.chain.verifying import Wanted
from laojun.models import AuditChain
from tests import factories
from tests.laojun.chains import Vandal, owning_the_database, sealed, verdict

TIMES = int(os.environ.get("TAMPERINGS", "56"))
ROWS = 40
SEED = os.environ.get("SEED") or secrets.token_hex(4)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(verifying, "PATIENCE_SECONDS", 0.0)


@pytest.fixture
def chain(django_db_setup, django_db_blocker):
    """40 rows, anchored at two places, of somebody who owns nothing else."""
    with django_db_blocker.unblock(), owning_the_database():
        workspace = factories.person("alice").workspace
        chain_id = sealed(workspace, ROWS // 2)
        anchors.anchor()
        sealed(workspace, ROWS // 2)
        anchors.anchor()
        yield chain_id


def test_every_random_deed_is_found_and_its_first_bad_row_named(chain):
    dice = random.Random(SEED)
    faults = []
    for number in range(TIMES):
        with transaction.atomic():
            vandal = Vandal(chain, dice)
            with vandal.free():
                deed = vandal.ways[number % len(vandal.ways)]()
            found = verdict(chain)
            right = (
                found.state == TAMPERED
                and found.bad is not None
                and found.bad.seq == deed.seq
                and found.bad.kind in deed.kinds
            )
            if not right:
                faults.append(f"{deed} → {found.bad}")
            transaction.set_rollback(True)

    sys.stderr.write(f"SEED={SEED} tamperings={TIMES} found={TIMES - len(faults)}\n")
    assert not faults, f"SEED={SEED}\n" + "\n".join(faults)


@pytest.mark.parametrize("seq", [3, ROWS // 2 + 5])
def test_rows_written_anew_with_all_their_hashes_differ_from_the_anchors(chain, seq):
    vandal = Vandal(chain, random.Random(1))
    with vandal.free():
        vandal.rewrite(seq)

    bad = verdict(chain).bad

    assert bad.kind == "forked"
    assert bad.since < seq <= bad.since + ROWS // 2 + 2


def test_a_chain_that_vanished_with_all_its_rows_is_missed(chain):
    vandal = Vandal(chain, random.Random(1))
    with vandal.free():
        vandal.run("DELETE FROM {logs} WHERE {mine}")
        vandal.run("DELETE FROM lao_audit_chains WHERE chain_id = %s", chain)

    report = verifying.verify(wanted=Wanted())

    (bad,) = [one.bad for one in report.verdicts if one.chain_id == chain]
    assert (bad.kind, bad.seq, report.exit_code) == ("tail_cut", 1, 1)


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("DELETE FROM lao_audit_anchors WHERE anchor_no = 1", 1),
        ("UPDATE lao_audit_anchors SET sha256 = repeat('0', 64) WHERE anchor_no = 2", 2),
    ],
)
def test_anchors_that_were_spoilt_in_the_table_are_named(chain, statement, number):
    vandal = Vandal(chain, random.Random(1))
    with vandal.free():
        vandal.run(statement)

    bad = witness.listen().bad

    assert (bad.kind, bad.seq) == ("anchor_missing", number)


def test_a_row_that_waits_too_long_for_its_seal_is_named(chain):
    vandal = Vandal(chain, random.Random(1))
    with vandal.free():
        vandal.run(
            "UPDATE {logs} SET seq = NULL, hash = NULL, sealed_at = NULL,"
            " created_at = now() - interval '2 minutes' WHERE {mine} AND seq = %s",
            vandal.last,
        )
        vandal.run(
            "UPDATE lao_audit_chains c SET head_seq = l.seq, head_hash = l.hash, anchored_seq = 0"
            " FROM {logs} l WHERE c.chain_id = l.workspace_id AND l.workspace_id = %s AND l.seq = %s",
            chain,
            vandal.last - 1,
        )
    sinks_gone = witness.Witness()

    bad = (
        verifying.Walk(
            AuditChain(chain_id=chain, head_seq=vandal.last - 1, head_hash=b""),
            sinks_gone,
            checkpoints.start(chain),
            lambda _rows: None,
            partial(verifying._table, chain),
        )
        .run()
        .bad
    )

    assert bad.kind == "unsealed_too_long"


def test_untouched_chains_never_alarm(chain):
    times = int(os.environ.get("CLEAN", "25"))

    states = [verdict(chain).state for _time in range(times)]

    assert states == [INTACT] * times
