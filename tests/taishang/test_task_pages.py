"""The tasks page shows what runs for its reader, and nobody else's."""

import pytest

pytestmark = pytest.mark.django_db


def test_an_empty_page_says_what_will_be_here(alice):
    page = alice.get("/tasks/").content.decode()

    assert 'class="empty' in page


def test_running_and_ended_tasks_are_listed(alice, bench):
    done = bench.ask("rig.hopeless")
    bench.work()
    waiting = bench.ask("rig.echo")

    page = alice.get("/tasks/").content.decode()

    assert f"/tasks/{done.id}/" in page
    assert f"/tasks/{waiting.id}/" in page
    assert "This cannot work." in page
    assert page.count("<progress") == 1


def test_htmx_gets_the_part_alone(alice, bench):
    task = bench.ask("rig.echo")

    for path in ("/tasks/", f"/tasks/{task.id}/"):
        part = alice.get(path, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert "<progress" in part


def test_a_task_tells_its_history_and_follows_its_stream(alice, bench):
    task = bench.ask("rig.echo")

    page = alice.get(f"/tasks/{task.id}/").content.decode()

    assert f'data-stream="/api/v1/tasks/{task.id}/stream/"' in page
    assert page.count("timeline-item") == 1


def test_a_task_is_cancelled_and_repeated_by_plain_forms(alice, bench):
    task = bench.ask("rig.echo")

    assert alice.post(f"/tasks/{task.id}/cancellation/").status_code == 302
    assert bench.now(task).state == "cancelled"

    assert alice.post(f"/tasks/{task.id}/retry/").status_code == 302
    assert bench.now(task).state == "queued"


def test_the_rail_counts_what_is_under_way(alice, bench):
    assert alice.get("/tasks/count/").content == b""

    bench.ask("rig.echo")

    assert alice.get("/tasks/count/").content == b"1"


@pytest.mark.parametrize("path", ["", "cancellation/", "retry/"])
def test_a_stranger_finds_nothing(bench, charlie, path):
    task = bench.ask("rig.echo")

    ask = charlie.post if path else charlie.get
    assert ask(f"/tasks/{task.id}/{path}").status_code == 404
    assert bench.now(task).state == "queued"


def test_a_page_says_the_same_in_english(alice, bench):
    task = bench.ask("rig.echo")

    page = alice.get(f"/tasks/{task.id}/", headers={"Accept-Language": "en"})

    assert page.status_code == 200
