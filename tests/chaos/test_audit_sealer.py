"""The sealer dies, Redis dies, writers go on: every acknowledged row gets its number, and the chain holds."""

import threading
import time

import pytest
from django.db import connections

from accounts import tenancy
from laojun import audit
from laojun.chain import anchors, sealing, verifying
from laojun.chain.verifying import Wanted
from laojun.models import AuditLog
from tests.rig.installation import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]
WRITERS = 4


class Writers:
    """Several connections that record deeds until they are stopped; `rows` counts what was acknowledged."""

    def __init__(self, person) -> None:
        self.person = person
        self.rows = 0
        self.failures: list[Exception] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.threads = [threading.Thread(target=self._write) for _number in range(WRITERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopped.set()
        for thread in self.threads:
            thread.join()

    def _write(self) -> None:
        try:
            while not self._stopped.is_set():
                with tenancy.workspace(self.person.workspace.id, user_id=self.person.user.id):
                    audit.record(actor=self.person.user, action="file.linked", target=("file", "1"))
                with self._lock:
                    self.rows += 1
                time.sleep(0.005)
        except Exception as error:  # noqa: BLE001 the test names it
            self.failures.append(error)
        finally:
            connections.close_all()


def _count(person) -> int:
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        return AuditLog.objects.filter(action="file.linked").count()


def _verdict(person):
    return verifying.verify(wanted=Wanted(chains=[person.workspace.id])).verdicts[0]


@pytest.fixture
def own_anchors(settings, installation, tmp_path):
    settings.AUDIT_ANCHORS_DIR = tmp_path / "anchors"
    return installation


def test_a_worker_killed_while_it_seals_loses_nothing(own_anchors, floor):
    before = _count(floor.person)
    with Writers(floor.person) as writers:
        for _round in range(3):
            worker = own_anchors.worker(slots=1)
            own_anchors.workers_ready(1)
            time.sleep(2.5)
            worker.kill()
    assert not writers.failures
    assert sealing.backlog().chains > 0

    own_anchors.worker(slots=1)
    waited = wait_until(lambda: sealing.backlog().chains == 0, seconds=20)

    assert _count(floor.person) - before == writers.rows > 200
    found = _verdict(floor.person)
    assert (found.bad, found.pending) == (None, 0)
    assert waited < 15


def test_two_sealers_at_once_make_one_chain(own_anchors, floor):
    stop = threading.Event()

    def seal() -> None:
        try:
            while not stop.is_set():
                sealing.seal_waiting()
        finally:
            connections.close_all()

    sealers = [threading.Thread(target=seal) for _number in range(2)]
    for sealer in sealers:
        sealer.start()
    with Writers(floor.person) as writers:
        time.sleep(4)
    wait_until(lambda: sealing.backlog().chains == 0, seconds=20)
    stop.set()
    for sealer in sealers:
        sealer.join()

    assert not writers.failures
    found = _verdict(floor.person)
    assert (found.bad, found.pending) == (None, 0)
    assert found.rows >= writers.rows


def test_two_that_anchor_at_once_leave_no_gap(own_anchors, floor):
    numbers: list[int] = []

    def work() -> None:
        try:
            for _time in range(10):
                with tenancy.workspace(floor.person.workspace.id, user_id=floor.person.user.id):
                    audit.record(
                        actor=floor.person.user, action="file.linked", target=("file", "1")
                    )
                sealing.seal_waiting()
                numbers.append(anchors.anchor() or 0)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    written = sorted(number for number in numbers if number)
    assert written == list(range(written[0], written[0] + len(written)))
    sealing.seal_waiting()
    anchors.anchor()
    found = verifying.verify(wanted=Wanted(chains=[floor.person.workspace.id]))
    assert (found.anchors, found.state) == (None, "intact")


def test_without_redis_rows_are_sealed_all_the_same(own_anchors, floor):
    own_anchors.redis = "redis://127.0.0.1:1/0"
    try:
        own_anchors.worker(slots=1)
        own_anchors.workers_ready(1)
        with Writers(floor.person) as writers:
            time.sleep(3)
        wait_until(lambda: sealing.backlog().chains == 0, seconds=15)
    finally:
        own_anchors.redis = ""

    assert not writers.failures
    assert _verdict(floor.person).bad is None
