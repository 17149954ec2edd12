"""Signs in, lists the works, and saves a chapter that somebody else is writing too."""

import os
import uuid

import httpx

API = "/api/v1"


def signed_in() -> httpx.Client:
    """A client with a person's tokens, in the first of their workspaces."""
    client = httpx.Client(base_url=os.environ["TAISHANG_URL"], timeout=30)
    person = {"login": os.environ["TAISHANG_LOGIN"], "password": os.environ["TAISHANG_PASSWORD"]}
    pair = client.post(f"{API}/auth/token/", json=person).raise_for_status().json()
    client.headers["Authorization"] = f"Bearer {pair['access']}"
    client.headers["X-Workspace-Id"] = str(pair["workspaces"][0]["id"])
    return client


def once() -> dict[str, str]:
    """A name for one deed, the same when it is repeated."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def post(client: httpx.Client, path: str, body: dict) -> dict:
    return client.post(f"{API}/{path}", json=body, headers=once()).raise_for_status().json()


def save(client: httpx.Client, chapter: dict, text: str, kind: str = "manual") -> int:
    """Write over the chapter as it was read, or join with what came between. Returns the revision."""
    path = f"chapters/{chapter['id']}/"
    headers = {"If-Match": f'"{chapter["revision"]}"', **once()}
    answer = client.patch(f"{API}/{path}", json={"content": text, "kind": kind}, headers=headers)
    if answer.status_code != 412:
        return answer.raise_for_status().json()["revision"]
    current = answer.json()["current"]
    sides = {"base": chapter["content"], "mine": text, "theirs_revision": current["revision"]}
    merged = post(client, f"{path}merges/", sides)
    if merged["clean"]:
        return save(client, current, merged["text"], "merge")
    post(client, f"{path}versions/", {"kind": "conflict", "content": text})
    raise SystemExit("both changed the same lines; yours is kept as a version")


client = signed_in()
shelf = client.get(f"{API}/works/", params={"limit": 5}).raise_for_status().json()
for work in shelf["results"]:
    print(work["title"])

work = post(client, "works/", {"title": "The harbour"})
text = "The ship came in.\n\nNobody saw it.\n\nIt rained."
begun = {"title": "Arrival", "content": text}
chapter = post(client, f"works/{work['id']}/chapters/", begun)

for mine in (
    text.replace("came in.", "came in at night."),
    text.replace("rained.", "rained for days."),
):
    print("saved as revision", save(client, chapter, mine))
print(client.get(f"{API}/chapters/{chapter['id']}/").raise_for_status().json()["content"])
