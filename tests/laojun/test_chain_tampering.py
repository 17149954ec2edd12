"""Whatever the database's owner does to sealed rows is found, and the first bad row is named."""

import os
import random
import secrets

import pytest
from django.db import transaction

from laojun.chain import anchors, verifying
from laojun.chain.verdicts import INTACT, TAMPERED
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

    print(f"SEED={SEED} tamperings={TIMES} found={TIMES - len(faults)}")
    assert not faults, f"SEED={SEED}\n" + "\n".join(faults)


@pytest.mark.parametrize("seq", [3, ROWS // 2 + 5])
def test_rows_written_anew_with_all_their_hashes_differ_from_the_anchors(chain, seq):
    vandal = Vandal(chain, random.Random(1))
    with vandal.free():
        vandal.rewrite(seq)

    bad = verdict(chain).bad

    assert bad.kind == "forked"
    assert bad.since < seq <= bad.since + ROWS // 2 + 2


def test_untouched_chains_never_alarm(chain):
    times = int(os.environ.get("CLEAN", "25"))

    states = [verdict(chain).state for _time in range(times)]

    assert states == [INTACT] * times
