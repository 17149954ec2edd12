"""The programs of the integrators' guide run against a real server, and the guide quotes them as they are."""

import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache

from accounts import tenancy
from querygpt.execution.pool import pool
from taishang import runner
from taishang.claiming import Claimant
from taishang.generation import sample
from taishang.models import Model
from tests import factories, tidying
from tests.e2e import serving
from tests.querygpt.shopping import lent_shop

DOCS = settings.BASE_DIR / "docs"
EXAMPLES = DOCS / "examples"
TOOLS = {".sh": "bash", ".py": sys.executable, ".mjs": "node"}
PROGRAMS = sorted(path for path in EXAMPLES.iterdir() if path.suffix in TOOLS)
PATIENCE_S = 120
QUOTED = re.compile(
    r"\]\(examples/([a-z]+\.[a-z]+)\)\n+```[a-z]+\n(.*?)^```", re.DOTALL | re.MULTILINE
)
ALONE = {"key", "generate"}
ARRIVAL = """saved as revision 3
saved as revision 4
The ship came in at night.

Nobody saw it.

It rained for days.
"""
ENDS = {
    "write": ARRIVAL,
    "generate": "succeeded\n",
    "ask": "\n3000\n",
    "call": "Hello there\n4 tokens\n",
    "vectors": "cat\nship\ncomplete: true\n",
}


@pytest.fixture
def person(committed) -> Iterator[factories.Person]:
    """Somebody with a database to ask and a model that repeats what it is told."""
    person = factories.person("integrator")
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        Model.objects.create(
            name="parrot",
            kind="chat",
            provider="echo",
            model_id="parrot",
            scope="workspace",
            workspace_id=person.workspace.id,
        )
    yield person
    pool.close()
    tidying.empty_tenant_tables()


@pytest.fixture
def surroundings(person, tmp_path) -> Iterator[dict[str, str]]:
    """What the programs read of their environment, beside a server that answers them."""
    lent_shop(person, tmp_path, "shop")
    with serving.served(tmp_path, serving.environment(cache.key_prefix)) as address:
        yield {
            **os.environ,
            "TAISHANG_URL": address,
            "TAISHANG_LOGIN": person.user.username,
            "TAISHANG_PASSWORD": factories.PASSWORD,
            "TAISHANG_MODEL": "parrot",
        }


def _started(program: Path, folder: Path, surroundings: dict[str, str]) -> subprocess.Popen:
    """The program at work; what it says goes to a file named after it."""
    given = {
        "generate": [str(folder / "export.zip"), str(folder / f"{program.name}.zip")],
        "ask": ["shop", "how many customers are there"],
        "call": ["Hello there"],
        "vectors": [f"notes-{program.suffix[1:]}"],
    }
    command = [TOOLS[program.suffix], str(program), *given.get(program.stem, [])]
    with (folder / f"{program.name}.out").open("w") as output:
        return subprocess.Popen(command, env=surroundings, stdout=output, stderr=subprocess.STDOUT)


def test_the_programs_of_the_guide_do_what_it_says(surroundings, tmp_path):
    for tool in ("bash", "curl", "jq", "node"):
        if not shutil.which(tool):
            pytest.skip(f"NOT PROVEN HERE: {tool} is missing")
    (tmp_path / "export.zip").write_bytes(sample.archive())
    key = subprocess.run(
        ["bash", EXAMPLES / "key.sh"], env=surroundings, capture_output=True, text=True, check=False
    )
    assert key.stdout.startswith("tlk_"), key.stdout + key.stderr
    surroundings["TAISHANG_API_KEY"] = key.stdout.strip()

    # A question waits for a minute at most; it must not stand behind a job.
    quick = _run([path for path in PROGRAMS if path.stem not in ALONE], tmp_path, surroundings)
    slow = _run(list(EXAMPLES.glob("generate.*")), tmp_path, surroundings)

    for path, process in {**quick, **slow}.items():
        said = (tmp_path / f"{path.name}.out").read_text()
        assert (process.returncode, said[-len(ENDS[path.stem]) :]) == (0, ENDS[path.stem]), (
            f"{path.name}: {said}"
        )
        if path.stem == "generate":
            with zipfile.ZipFile(tmp_path / f"{path.name}.zip") as packed:
                assert any(name.endswith("manage.py") for name in packed.namelist())


def _run(
    programs: list[Path], folder: Path, surroundings: dict[str, str]
) -> dict[Path, subprocess.Popen]:
    """Run them side by side and do their tasks here until all have ended; who takes too long is killed."""
    running = {path: _started(path, folder, surroundings) for path in programs}
    claimant = Claimant("test:1", settings.TASK_QUEUES)
    deadline = time.monotonic() + PATIENCE_S
    for process in running.values():
        while process.poll() is None:
            runner.drain(claimant)
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    process.kill()
    return running


def test_the_guide_quotes_every_program_as_it_is():
    quoted = dict(QUOTED.findall((DOCS / "integrators.md").read_text()))

    assert quoted == {path.name: path.read_text() for path in PROGRAMS}
