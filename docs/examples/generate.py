"""generate.py EXPORT.zip RESULT.zip: hands an export in, follows the job, fetches the back end."""

import json
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx


def events(answer: httpx.Response) -> Iterator[tuple[str, dict]]:
    """The name and the data of each server-sent event."""
    answer.raise_for_status()
    name = ""
    for line in answer.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


export, result = map(Path, sys.argv[1:])
headers = {"Authorization": f"Bearer {os.environ['TAISHANG_API_KEY']}"}
with httpx.Client(base_url=os.environ["TAISHANG_URL"], headers=headers, timeout=60) as client:
    job = client.post(
        "/api/v1/generation-jobs/",
        files={"upload": (export.name, export.read_bytes(), "application/zip")},
        data={"name": "By a program"},
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    links = job.raise_for_status().json()["links"]

    state = ""
    with client.stream("GET", links["stream"]) as answer:
        for name, data in events(answer):
            if name == "progress":
                print(data["progress"], "%", data["message"])
            elif name == "end":
                state = data["state"]
    print(state)
    if state != "succeeded":
        raise SystemExit(1)

    found = client.get(f"{links['self']}download/", params={"what": "project"})
    result.write_bytes(found.raise_for_status().content)
