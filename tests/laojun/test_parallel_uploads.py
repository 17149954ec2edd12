"""Two hundred at once with room for twenty; and what a kill in the middle leaves."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.utils import timezone

from accounts import signup, tenancy
from accounts.models import Workspace
from laojun import audit, configs, file_sweeps, files
from laojun.files import Owner
from laojun.models import File, FileUsage

UPLOADS = 200
ROOM = 20
SIZE = 1000
AT_ONCE = 16


@pytest.fixture
def owner(django_db_setup, django_db_blocker):
    """A person whose rows are really committed, so that other connections see them."""
    with django_db_blocker.unblock():
        name = f"parallel{os.getpid()}{timezone.now():%H%M%S%f}"
        user = signup.open_account(email=f"{name}@example.com", username=name[:30], password=None)
        with tenancy.user(user.id):
            workspace = Workspace.objects.get(owner=user)
        yield Owner(user.id, workspace.id)
        connection.close()


def _limit(owner, room):
    with owner.envelope():
        configs.write(
            changes=[configs.Change("storage.workspace_quota_bytes", room)],
            workspace_id=owner.workspace_id,
            actor=audit.Actor.system("test"),
        )


def _upload_all(owner):
    """Every upload by a thread with a connection of its own."""
    outcomes, waiting = Counter(), list(range(UPLOADS))
    lock = threading.Lock()

    def work():
        try:
            while True:
                with lock:
                    if not waiting:
                        return
                    number = waiting.pop()
                outcomes[_one(owner, number)] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _count in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def _one(owner, number):
    content = f"{number:04d}".encode() * (SIZE // 4)
    try:
        files.store(content=content, name="a.txt", purpose="attachment", owner=owner)
    except files.StorageQuotaExceeded:
        return "refused"
    return "stored"


def test_two_hundred_uploads_with_room_for_twenty(owner):
    _limit(owner, ROOM * SIZE + SIZE // 2)

    outcomes = _upload_all(owner)

    assert outcomes == {"stored": ROOM, "refused": UPLOADS - ROOM}
    with owner.envelope():
        rows = File.objects.filter(state="stored")
        assert rows.count() == ROOM
        total = FileUsage.objects.get(user=None)
        assert (total.bytes, total.reserved_bytes, total.files) == (ROOM * SIZE, 0, ROOM)
        assert all(default_storage.exists(row.storage_path) for row in rows)


UPLOADER = """
    import os, sys, django
    from django.conf import settings
    sys.path.insert(0, os.getcwd())
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    from django.db import connections
    django.setup()
    connections["default"].settings_dict["NAME"] = sys.argv[1]
    settings.STORAGES["default"]["OPTIONS"]["location"] = sys.argv[4]
    from uuid import UUID
    from laojun import files
    from laojun.files import Owner
    owner = Owner(UUID(sys.argv[2]), int(sys.argv[3]))
    print("ready", flush=True)
    while True:
        files.store(content=b"x" * 300_000, name="a.txt", purpose="attachment", owner=owner)
        print("stored", flush=True)
"""


def test_a_kill_in_the_middle_leaves_no_row_without_its_bytes(owner, tmp_path):
    script = tmp_path / "uploader.py"
    script.write_text(textwrap.dedent(UPLOADER))
    process = subprocess.Popen(
        [
            sys.executable,
            str(script),
            connections["default"].settings_dict["NAME"],
            str(owner.user_id),
            str(owner.workspace_id),
            default_storage.path(""),
        ],
        stdout=subprocess.PIPE,
        cwd=django_settings.BASE_DIR,
    )
    for _line in range(4):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()

    root = Path(default_storage.path(""))
    with owner.envelope():
        stored = list(File.objects.filter(state="stored"))
        assert len(stored) >= 3
        for row in stored:
            assert (root / row.storage_path).stat().st_size == row.file_size
    later = timezone.now() + file_sweeps.ABANDONED_AFTER * 2
    file_sweeps.sweep(now=later)
    with owner.envelope():
        assert not File.objects.filter(state="pending").exists()
        assert {row.reserved_bytes for row in FileUsage.objects.all()} == {0}
        for row in stored:
            (root / row.storage_path).unlink()
