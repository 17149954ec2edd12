"""What the gateway adds to a model: `python -m benchmarks.gateway [--streams 50] [--idle 500] [--rounds 3]`.

One web process of ours, one upstream process that says a word every 50 ms, one client. In turns within one run the
client asks the upstream directly and through us, so many streams at a time; the time to the first word is compared.
Then five hundred streams wait for a model that says nothing: what they take in memory and in connections.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

os.environ.setdefault("LOG_TO_DATABASE", "false")
import django

django.setup()

import psutil  # noqa: E402

from accounts import tenancy  # noqa: E402
from laojun.models import OutboundRule  # noqa: E402
from taishang.models import Model  # noqa: E402
from tests import factories  # noqa: E402
from tests.rig import limits  # noqa: E402
from tests.rig.installation import Installation  # noqa: E402
from tests.taishang.openai.conftest import mint  # noqa: E402

UPSTREAM_PORT = 8137
TALK = "words:40:0.05"
SILENT = "hang-before"
IDLE_SECONDS = 20
BUSY = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()
    AND (state = 'active' OR state LIKE 'idle in%%')
"""


@dataclass(frozen=True)
class Server:
    """Where chat completions are asked for, and with which key."""

    url: str
    key: str


@dataclass(frozen=True)
class Heard:
    """One stream. Units: seconds to the first word, between words; bytes in all."""

    first: float
    gaps: list[float]
    size: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--idle", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    upstream = subprocess.Popen([sys.executable, "-m", "tests.upstream", str(UPSTREAM_PORT)])  # noqa: S603
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder))
        installation.create()
        try:
            with installation.connected():
                direct, ours = _prepared(installation)
            web = psutil.Process(installation.workers[-1].pid)
            asyncio.run(_compare(direct, ours, options.streams, options.rounds, web))
            asyncio.run(_idle(installation, ours, options.idle))
        finally:
            installation.drop()
            upstream.kill()


def _prepared(installation: Installation) -> tuple[Server, Server]:
    person = factories.person("asks")
    limits.allow({"ai": 10_000})
    with tenancy.platform_scope(reason="benchmark"):
        OutboundRule.objects.create(
            cidr="127.0.0.1/32", port_from=UPSTREAM_PORT, port_to=UPSTREAM_PORT,
            purposes=["model"], reason="benchmark",
        )  # fmt: skip
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        for name, model_id in (("talks", TALK), ("silent", SILENT)):
            Model.objects.create(
                name=name, model_id=model_id, provider="openai_compatible", kind="chat",
                base_url=f"http://127.0.0.1:{UPSTREAM_PORT}/v1", scope="workspace",
                workspace_id=person.workspace.id, max_parallel=2000,
            )  # fmt: skip
    key = mint(person, "model.use")
    base = installation.web()
    return Server(f"http://127.0.0.1:{UPSTREAM_PORT}/v1", ""), Server(f"{base}/api/openai/v1", key)


async def _compare(
    direct: Server, ours: Server, streams: int, rounds: int, web: psutil.Process
) -> None:
    names = {"direct": (direct, TALK), "ours": (ours, "talks")}
    heard: dict[str, list[Heard]] = {name: [] for name in names}
    for server, model in names.values():
        await asyncio.gather(*(_hear(server, model) for _ in range(streams)))
    spent = sum(web.cpu_times()[:2])
    for _round in range(rounds):
        for name, (server, model) in names.items():
            heard[name] += await _crowd(server, model, streams)
    spent = sum(web.cpu_times()[:2]) - spent
    print(f"ours    {spent * 1000 / len(heard['ours']):.1f} ms of CPU for a stream of 40 words")
    for name, found in heard.items():
        firsts = sorted(one.first for one in found)
        gaps = sorted(gap for one in found for gap in one.gaps)
        print(
            f"{name:7} {len(found)} streams, {streams} at a time: first word p50 {_ms(firsts, 0.5):.1f}"
            f" p95 {_ms(firsts, 0.95):.1f} ms; gap p99 {_ms(gaps, 0.99):.1f} ms;"
            f" {statistics.mean(one.size for one in found):.0f} bytes"
        )
    added = [
        _ms(sorted(one.first for one in heard["ours"]), share)
        - _ms(sorted(one.first for one in heard["direct"]), share)
        for share in (0.5, 0.95)
    ]
    print(f"added   first word p50 {added[0]:.1f} ms (goal 8), p95 {added[1]:.1f} ms (goal 25)")


async def _crowd(server: Server, model: str, streams: int) -> list[Heard]:
    """Each of so many listeners hears three streams one after the other, begun at different moments."""

    async def listen(place: int) -> list[Heard]:
        await asyncio.sleep(2.0 * place / streams)
        return [await _hear(server, model) for _ in range(3)]

    found = await asyncio.gather(*(listen(place) for place in range(streams)))
    return [one for several in found for one in several]


async def _hear(server: Server, model: str) -> Heard:
    reader, writer = await _asked(server, model)
    started = time.perf_counter()
    first, before, gaps, size = 0.0, 0.0, [], 0
    while line := await reader.readline():
        size += len(line)
        if b'"content":"word' in line or b'"content": "word' in line:
            now = time.perf_counter()
            gaps += [now - before] if first else []
            first, before = first or now - started, now
        elif line.startswith(b"data: [DONE]"):
            break
        elif b'"error"' in line:
            raise RuntimeError(line.decode())
    writer.close()
    return Heard(first, gaps, size)


async def _asked(server: Server, model: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    talk = [{"role": "user", "content": "Tell me something."}]
    body = json.dumps(
        {
            "model": model,
            "messages": talk,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ).encode()
    writer.write(
        f"POST {parts.path}/chat/completions HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {server.key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    return reader, writer


async def _idle(installation: Installation, ours: Server, count: int) -> None:
    process = psutil.Process(installation.workers[-1].pid)
    before = process.memory_info().rss
    open_streams = []
    for start in range(0, count, 50):
        open_streams += await asyncio.gather(
            *(_asked(ours, "silent") for _ in range(start, min(count, start + 50)))
        )
        await asyncio.sleep(1)
    await asyncio.sleep(IDLE_SECONDS)
    looks = [installation.execute(BUSY, [installation.database])[0][0] for _look in range(50)]
    grown = (process.memory_info().rss - before) / 1024**2
    told = [await asyncio.wait_for(reader.readline(), 15) for reader, _writer in open_streams]
    for _reader, writer in open_streams:
        writer.close()
    print(
        f"{count} idle streams ({sum(b'200' in line for line in told)} open): {grown:.0f} MB more,"
        f" busy connections at most {max(looks)}"
    )


def _ms(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


if __name__ == "__main__":
    main()
