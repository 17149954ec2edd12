"""Ask the suites of a model on this machine: `python -m benchmarks.questions.local MODEL.gguf FOLDER [--limit 5]`.

The model is served on a loopback port as long as this runs. An installation must be running (`make start`); a rule
of the outbound guard and a row of the model are made in it, and taken away at the end. Reports lie in FOLDER.
"""

from __future__ import annotations

import argparse
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

PORT = 8139
NAME = "local-questions"
START_SECONDS = 300
CONTEXT_TOKENS = 4096


def serve(model: str) -> None:
    """Serve until killed."""
    import xllamacpp  # noqa: PLC0415 the measured process alone loads it

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames, params.port = ["127.0.0.1"], PORT
    params.n_ctx, params.n_parallel = CONTEXT_TOKENS, 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    while True:
        time.sleep(60)


@contextmanager
def served(model: str) -> Iterator[None]:
    """The server answers inside the block."""
    argv = [sys.executable, "-m", "benchmarks.questions.local", model, "--serve"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        until = time.monotonic() + START_SECONDS
        while not _answers():
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("the model is not served")
            time.sleep(1)
        yield
    finally:
        process.kill()
        process.wait()


def _answers() -> bool:
    link = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
    try:
        link.request("GET", "/v1/models")
        return link.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        link.close()


def ask(folder: Path, *, engine: str, limit: int | None) -> None:
    """Every suite, one after the other."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("LOG_TO_DATABASE", "false")
    import django  # noqa: PLC0415 the server above needs none of it

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from accounts import tenancy  # noqa: PLC0415
    from accounts.models import Workspace  # noqa: PLC0415
    from benchmarks.questions.__main__ import SCHEMAS  # noqa: PLC0415
    from laojun.models import OutboundRule  # noqa: PLC0415
    from taishang.models import Model  # noqa: PLC0415

    with tenancy.platform_scope(reason="questions for a model on this machine"):
        workspace = Workspace.objects.order_by("pk").first()
        assert workspace is not None  # noqa: S101
        rule = OutboundRule.objects.create(
            cidr="127.0.0.1/32", port_from=PORT, port_to=PORT, purposes=["model"],
            reason=NAME, created_by=NAME,
        )  # fmt: skip
        model = Model.objects.create(
            name=NAME, model_id=NAME, provider="openai_compatible", kind="chat", scope="workspace",
            workspace_id=workspace.pk, base_url=f"http://127.0.0.1:{PORT}/v1",
            context_window=CONTEXT_TOKENS, max_output_tokens=1024,
        )  # fmt: skip
    try:
        for name, schema in SCHEMAS.items():
            call_command(
                "evaluate_querygpt",
                str(folder / f"{name}.jsonl"),
                database=folder / f"{name}.sqlite",
                today=date.fromisoformat(schema.TODAY),
                engine=engine,
                model=str(model),
                workspace=workspace.pk,
                limit=limit,
                out=folder / f"{name}.{engine}.json",
            )
    finally:
        with tenancy.platform_scope(reason="questions for a model on this machine"):
            model.delete()
            rule.delete()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("var/questions"))
    parser.add_argument("--engine", choices=("model", "auto"), default="model")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.model)
    from benchmarks.questions.__main__ import main as write  # noqa: PLC0415

    write(given.folder)
    with served(given.model):
        ask(given.folder, engine=given.engine, limit=given.limit)


if __name__ == "__main__":
    main()
