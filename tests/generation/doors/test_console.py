"""What an operator sees and does about jobs: the first screen, the list's deeds, each with a reason."""

import pytest
from django.utils.translation import gettext

from accounts import tenancy
from laojun.models import AuditLog
from taishang import tiles
from taishang.generation import figures
from taishang.models import GenerationJob, Task

pytestmark = pytest.mark.django_db
LIST = "/admin/taishang/generationjob/"
MEBIBYTE = 1024 * 1024


def deed(olga, action: str, *jobs: GenerationJob):
    data = {"action": action, "_selected_action": [str(job.pk) for job in jobs]}
    return olga.post(LIST, {**data, "confirmed": "1", "reason": "asked for"}, follow=True)


def state(job: GenerationJob) -> str:
    with tenancy.platform_scope(reason="test"):
        return Task.objects.get(pk=job.pk).state


def test_the_tiles_count_what_runs_what_failed_and_what_nobody_has_seen(alice, jobs):
    for kind in ("running", "failed", "failed", "succeeded", "queued"):
        jobs.make(alice, kind)

    with tenancy.platform_scope(reason="test"):
        running, failed, waiting = tiles.running(), tiles.failed(), tiles.attention()

    assert (running["value"], failed["value"], waiting["value"]) == (1, 2, 2)
    assert "state__exact=failed" in failed["url"]
    assert waiting["url"] == "/admin/taishang/task/dead-letters/"


@pytest.mark.parametrize("key", ["health", "running", "failed", "attention"])
def test_each_tile_leads_to_a_list_that_opens(olga, alice, jobs, key):
    jobs.make(alice, "failed")

    tile = olga.get(f"/admin/tiles/{key}/")

    assert tile.status_code == 200
    for url in _links(tile.content.decode()):
        assert olga.get(url).status_code == 200


def test_the_figures_tell_checks_memory_and_room(alice, charlie, jobs):
    used = {"seconds": 7.5, "cpu_seconds": 6.0, "sandbox": "strong"}
    red = [{"name": "replay", "state": "fail"}]
    half = {"replayed": 4, "replayed_green": 2}
    jobs.finished(alice, usage={**used, "peak_bytes": 100 * MEBIBYTE}, summary=half)
    jobs.finished(
        charlie, usage={**used, "peak_bytes": 300 * MEBIBYTE}, verification=red, summary=half
    )
    running = jobs.make(charlie, "running")

    with tenancy.platform_scope(reason="test"):
        week = figures.week()

    assert (week["red"], week["replay_rate"], week["peak_mib"]) == (1, 50, 300)
    assert [job.pk for job in week["running"]] == [running.pk]
    names = {row["workspace__name"] for row in week["disk"]}
    assert names == {alice.workspace.name, charlie.workspace.name}


def test_the_first_screen_shows_the_figures(olga, alice, jobs):
    jobs.finished(alice, usage={"peak_bytes": 100 * MEBIBYTE, "seconds": 7.5})

    page = olga.get("/admin/panels/generation/").content.decode()

    assert "100 MiB" in page


def test_jobs_are_cancelled_and_tried_again_in_bulk(olga, alice, charlie, jobs):
    waiting, failed = jobs.make(alice, "queued"), jobs.make(charlie, "failed")

    deed(olga, "cancel", waiting, failed)
    assert (state(waiting), state(failed)) == ("cancelled", "failed")
    deed(olga, "retry", failed)

    with tenancy.platform_scope(reason="test"):
        reasons = AuditLog.objects.filter(action__in=["task.cancel", "task.retry"])
        assert {row.payload["details"].get("reason") for row in reasons} >= {"asked for"}
        assert Task.objects.filter(retried_from_id=failed.pk).exists() or state(failed) == "queued"


def test_a_job_at_work_is_not_erased_and_a_finished_one_loses_its_files(olga, alice, jobs):
    done, busy = jobs.finished(alice), jobs.make(alice, "running")

    page = deed(olga, "erase", done, busy)

    with tenancy.platform_scope(reason="test"):
        assert list(GenerationJob.objects.values_list("pk", flat=True)) == [busy.pk]
    refusal = gettext("%(name)s: its state does not allow this.") % {"name": busy.name}
    assert refusal in page.content.decode()


def test_a_job_is_tried_again_without_a_model(olga, alice, jobs):
    done = jobs.finished(alice, options={"refine": "auto"})

    deed(olga, "retry_without_model", done)

    with tenancy.platform_scope(reason="test"):
        child = GenerationJob.objects.get(parent=done)
        assert (child.options["refine"], child.workspace_id) == ("off", alice.workspace.pk)


def test_a_person_of_the_platform_alone_gets_there(alice, jobs):
    done = jobs.finished(alice)

    assert deed(alice, "erase", done).status_code == 404
    assert alice.get("/admin/panels/generation/").status_code == 404


def _links(html: str) -> list[str]:
    links = [part.split('"')[0].replace("&amp;", "&") for part in html.split('href="')[1:]]
    return [link for link in links if link.startswith("/admin/")]
