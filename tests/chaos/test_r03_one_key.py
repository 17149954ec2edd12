"""A thousand parallel wishes with one key are one task."""

import os
import threading

import pytest
from django.db import connection

from taishang.models import Task

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(60)]
WISHES = int(os.environ.get("R3_WISHES", "1000"))
THREADS = 20


def test_one_row_and_exactly_one_created(floor):
    replies: list[tuple[str, bool]] = []
    errors: list[Exception] = []

    def ask_many() -> None:
        try:
            for _number in range(WISHES // THREADS):
                task = floor.ask("rig.echo", {"value": 1}, dedup_key="only")
                replies.append((str(task.id), task.deduplicated))
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask_many) for _number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(replies) == WISHES
    assert len({task_id for task_id, _found in replies}) == 1
    assert [found for _id, found in replies].count(False) == 1
    with floor.inside():
        assert Task.objects.count() == 1
