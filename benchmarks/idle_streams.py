"""What five hundred people who only wait cost one web process: `python -m benchmarks.idle_streams [--streams 500]`.

Starts a web process on a database of its own, opens that many streams of the bell, and says how much memory they
took and how many connections to the database were busy while nothing happened.
"""

import argparse
import asyncio
import os
import tempfile
from pathlib import Path

os.environ.setdefault("LOG_TO_DATABASE", "false")
import django

django.setup()

import httpx  # noqa: E402
import psutil  # noqa: E402
from django.conf import settings  # noqa: E402

from accounts.watching import MAX_STREAMS_PER_PERSON  # noqa: E402
from tests import factories  # noqa: E402
from tests.rig.installation import Installation  # noqa: E402

STREAM = "/api/v1/notifications/stream/"
LOOKS = 50
BUSY = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()
    AND (state = 'active' OR state LIKE 'idle in%%')
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=500)
    count = parser.parse_args().streams
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder))
        installation.create()
        try:
            with installation.connected():
                people = [
                    factories.person(f"waits{number}")
                    for number in range(-(-count // MAX_STREAMS_PER_PERSON))
                ]
                base = installation.web(DATABASE_POOL="4")
                asyncio.run(_measure(installation, base, people, count))
        finally:
            installation.drop()


async def _measure(
    installation: Installation, base: str, people: list[factories.Person], count: int
) -> None:
    process = psutil.Process(installation.workers[-1].pid)
    name = settings.SESSION_COOKIE_NAME
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=60) as client:
        await client.get(f"{base}/healthz")
        before = process.memory_info().rss
        answers = []
        for number in range(count):
            person = people[number // MAX_STREAMS_PER_PERSON]
            cookie = f"{name}={person.client.cookies[name].value}"
            asked = client.build_request("GET", f"{base}{STREAM}", headers={"Cookie": cookie})
            answer = await client.send(asked, stream=True)
            answer.raise_for_status()
            answers.append(answer)
        await asyncio.sleep(5)
        looks = []
        for _look in range(LOOKS):
            looks.append(installation.execute(BUSY, [installation.database])[0][0])
            await asyncio.sleep(0.1)
        after = process.memory_info().rss
        for answer in answers:
            await answer.aclose()
    looks.sort()
    grown = (after - before) / 1024**2
    print(f"{count} idle streams: {grown:.0f} MB more ({grown * 1024 / count:.0f} KB each)")
    print(f"busy connections: median {looks[LOOKS // 2]}, most {looks[-1]} in {LOOKS} looks")


if __name__ == "__main__":
    main()
