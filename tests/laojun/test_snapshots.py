"""A change is seen by the next request of any process, with Redis alive, frozen, or back from the past."""

import threading
from functools import partial

import pytest
from django.core.cache import cache
from django.db import connection, transaction

from laojun import audit, configs, snapshots
from laojun.configs import Change
from laojun.models import Config

SIZE = "storage.max_file_size"
SYSTEM = audit.Actor.system("test")


def write(value):
    change = Change(SIZE, value, reset=value is None)
    configs.write(changes=[change], workspace_id=None, actor=SYSTEM)


def next_request():
    with snapshots.remembered():
        return configs.value(SIZE)


def in_another_process(function):
    return in_processes([function])[0]


def in_processes(functions):
    """A thread has connections of its own, to PostgreSQL and to Redis, as another process would."""
    found = []
    prefix, allows = cache.key_prefix, cache.breaker.allows

    def run(function):
        cache.key_prefix, cache.breaker.allows = prefix, allows
        try:
            found.append(function())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[function]) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.fixture(autouse=True)
def _real_commits(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield
        write(None)
        connection.close()


@pytest.fixture
def redis_frozen(monkeypatch):
    """Redis takes calls and never answers; the breaker needs no waiting here."""

    def freeze():
        monkeypatch.setattr(cache.breaker, "allows", lambda: False)

    def thaw():
        monkeypatch.undo()

    return freeze, thaw


def test_a_change_is_seen_by_the_next_request_of_another_process():
    for value in (4000, 5000, 6000):
        write(value)
        assert in_another_process(next_request) == value


def test_a_warm_process_reads_redis_and_asks_no_database(django_assert_num_queries):
    write(4000)
    next_request()

    with django_assert_num_queries(0):
        assert next_request() == 4000


def test_one_request_sees_one_state():
    write(4000)
    with snapshots.remembered():
        assert configs.value(SIZE) == 4000
        in_another_process(lambda: write(5000))
        assert configs.value(SIZE) == 4000

    assert next_request() == 5000


def test_a_change_is_seen_with_redis_frozen(redis_frozen):
    freeze, _thaw = redis_frozen
    write(4000)
    next_request()
    freeze()

    write(5000)

    assert in_another_process(next_request) == 5000


def test_what_was_written_while_redis_was_away_is_announced_again(redis_frozen):
    freeze, thaw = redis_frozen
    write(4000)
    next_request()
    freeze()
    write(5000)
    thaw()

    snapshots.repeat_announcements()

    assert next_request() == 5000


def test_a_slow_reader_cannot_bring_an_old_value_back():
    write(4000)
    slow = Config.objects.snapshot(None)
    write(5000)

    snapshots._store(None, slow)

    assert next_request() == 5000


def test_a_writer_reads_its_own_words_and_a_rollback_takes_them_back():
    write(4000)
    next_request()

    with transaction.atomic():
        write(5000)
        assert next_request() == 5000
        assert in_another_process(next_request) == 4000
        transaction.set_rollback(True)

    assert next_request() == 4000


def test_two_writers_at_once_both_move_the_generation():
    write(4000)
    next_request()

    in_processes([partial(write, value) for value in range(5000, 5010)])

    with connection.cursor() as cursor:
        cursor.execute("SELECT (value)::text FROM lao_configs WHERE key = %s", [SIZE])
        assert next_request() == int(cursor.fetchone()[0])


def test_of_ten_who_saw_the_same_value_exactly_one_is_saved():
    write(4000)
    seen = configs.entry(SIZE, None).version

    def try_to(value):
        change = Change(SIZE, value, seen=seen)
        try:
            configs.write(changes=[change], workspace_id=None, actor=SYSTEM)
        except configs.Stale:
            return "told"
        return "saved"

    outcomes = in_processes([partial(try_to, value) for value in range(5000, 5010)])

    assert sorted(outcomes) == ["saved"] + ["told"] * 9
