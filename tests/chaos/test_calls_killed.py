"""A process dies in the middle of streams: what had arrived is kept and billed, what was reserved is free within a minute."""

import sys

import pytest

from accounts import tenancy
from taishang.models import Model, ModelCall, Quota
from tests.rig.installation import WorkerProcess, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(150)]
STREAMS = 20
SCRIPT = [{"text": "Once upon a time "}, {"text": "there was a gourd."}, {"hang": True}]


def calls(floor) -> list[ModelCall]:
    with floor.inside():
        return list(ModelCall.objects.all())


def test_a_process_that_dies_during_streams_leaves_nothing_running(installation, floor, tmp_path):
    user, workspace = floor.person.user, floor.person.workspace
    with tenancy.platform_scope(reason="test"):
        Model.objects.create(
            name="teller",
            model_id="teller",
            provider="scripted",
            scope="workspace",
            workspace=workspace,
            params={"script": SCRIPT},
        )
    command = [sys.executable, "-m", "tests.rig.streaming", str(STREAMS), user.username]
    listener = WorkerProcess(
        [*command, str(workspace.pk), "teller"], installation.environment(), tmp_path / "listener"
    )
    wait_until(lambda: sum(bool(call.partial_text) for call in calls(floor)) == STREAMS, seconds=40)
    installation.worker(slots=1)

    listener.kill()
    wait_until(lambda: all(not call.is_live for call in calls(floor)), seconds=60)

    ended = calls(floor)
    assert len(ended) == STREAMS
    assert {call.error_class for call in ended} == {"orphaned"}
    assert {call.partial_text for call in ended} == {"Once upon a time there was a gourd."}
    with floor.inside():
        quota = Quota.objects.get(workspace=workspace)
    assert (quota.reserved, quota.running) == (0, 0)
    assert quota.usage == sum(call.total_tokens for call in ended) > 0
