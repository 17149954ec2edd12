"""vectors.py NAME: makes a collection, writes three rows, finds the nearest of one year."""

import os
import sys
import uuid

import httpx

ROWS = [
    {"id": "cat", "vector": [1, 0, 0], "payload": {"year": 2026}},
    {"id": "tiger", "vector": [0.9, 0.1, 0], "payload": {"year": 2025}},
    {"id": "ship", "vector": [0, 0, 1], "payload": {"year": 2026}},
]
SEARCH = {
    "vector": [1, 0, 0],
    "top_k": 2,
    "filter": {"field": "year", "op": "eq", "value": 2026},
}


def post(client: httpx.Client, path: str, body: dict) -> dict:
    once = {"Idempotency-Key": str(uuid.uuid4())}
    return client.post(f"/api/v1/{path}", json=body, headers=once).raise_for_status().json()


headers = {"Authorization": f"Bearer {os.environ['TAISHANG_API_KEY']}"}
with httpx.Client(base_url=os.environ["TAISHANG_URL"], headers=headers, timeout=30) as client:
    collection = post(client, "collections/", {"name": sys.argv[1], "dimension": 3})
    place = f"collections/{collection['id']}"
    print(post(client, f"{place}/upsert/", {"rows": ROWS})["counts"])
    found = post(client, f"{place}/query/", SEARCH)
    for match in found["matches"]:
        print(match["id"])
    print("complete:", str(found["complete"]).lower())
