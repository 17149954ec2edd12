"""ask.py DATABASE QUESTION: asks a connected database and prints the statement and the rows."""

import json
import os
import sys
import uuid
from collections.abc import Iterator

import httpx

API = "/api/v1"


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


def once() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def get(client: httpx.Client, path: str, **parameters: str) -> dict:
    return client.get(f"{API}/{path}", params=parameters).raise_for_status().json()


database, question = sys.argv[1:]
headers = {"Authorization": f"Bearer {os.environ['TAISHANG_API_KEY']}"}
with httpx.Client(base_url=os.environ["TAISHANG_URL"], headers=headers, timeout=60) as client:
    connection = get(client, "connections/", q=database)["results"][0]
    about = {"connection_id": connection["id"]}
    talk = client.post(f"{API}/conversations/", json=about, headers=once())
    path = f"{API}/conversations/{talk.raise_for_status().json()['id']}/messages/"

    message = ""
    wanted = {"Accept": "text/event-stream", **once()}
    with client.stream("POST", path, json={"content": question}, headers=wanted) as answer:
        for name, data in events(answer):
            if name == "snapshot":
                message = data["message"]["id"]
            elif name == "step":
                print(data["message"])

    told = get(client, f"messages/{message}/")
    print(told["metadata"].get("sql"), told["content"], sep="\n")
    if told["outcome"] != "answered":
        raise SystemExit(1)
    page = get(client, f"messages/{message}/result/", limit="500")
    for row in [[column["name"] for column in page["columns"]], *page["rows"]]:
        print(*row, sep=",")
