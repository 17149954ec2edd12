from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = (
    "from tests.generation.fixture_exports import blueprint_of, fixture\n"
    "from taishang.generation.ir import digest\n"
    "print(*(digest(blueprint_of(fixture(name))) for name in ('task_board', 'team_notes', 'corner_shop')))"
)


def digests(seed: str, zone: str, locale: str) -> str:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "TZ": zone,
        "LC_ALL": locale,
        "PYTHONUTF8": "1",
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


@pytest.mark.timeout(120)
def test_a_blueprint_does_not_depend_on_hash_seed_time_zone_or_locale():
    assert digests("1", "UTC", "C") == digests("4242", "Asia/Shanghai", "C.UTF-8")
