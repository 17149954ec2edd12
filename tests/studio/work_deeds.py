"""Each unsafe operation on works and chapters once, for the test that looks for its row in the audit log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from studio.models import Chapter

API = "/api/v1"
# Saves, heartbeats and merges without effect: the ledger and the fence are their trail.
LEDGERED = {
    "chapters_partial_update",
    "chapters_lock_update",
    "chapters_lock_destroy",
    "chapters_merges_create",
}


def _work(w: Any, tail: str = "") -> str:
    return f"{API}/works/{w.key('work')}/{tail}"


def _chapter(w: Any, tail: str = "") -> str:
    return f"{API}/chapters/{w.key('chapter')}/{tail}"


def _volume(w: Any, tail: str = "") -> str:
    return f"{API}/volumes/{w.key('volume')}/{tail}"


def _seen(w: Any, path: str) -> dict[str, str]:
    return {"If-Match": w.alice.get(path)["ETag"]}


def _over(method: str, path: Callable[..., str], tail: str, body: Any = None) -> Callable[..., Any]:
    """A deed on what was seen just before."""
    return lambda w: w.send(method, path(w, tail), body, headers=_seen(w, path(w)))


def _binned(path: Callable[..., str], kept: bool = True) -> Callable[..., Any]:
    """Brought back from the bin."""

    def run(w: Any) -> Any:
        w.send("delete", path(w), headers=_seen(w, path(w)) if kept else {})
        return w.send("post", path(w, "restoration/"))

    return run


def _erased(w: Any) -> Any:
    title = w.alice.get(_work(w)).json()["title"]
    w.send("delete", _work(w), headers=_seen(w, _work(w)))
    return w.send("post", _work(w, "erasure/"), {"title": title})


def _joined(w: Any) -> Any:
    second = w.send("post", _work(w, "chapters/"), {"volume": w.key("volume"), "content": "后"})
    assert second.status_code == 201, second.content
    return w.send("post", _chapter(w, "merger/"), headers=_seen(w, _chapter(w)))


def _moved(w: Any) -> Any:
    body = {"ids": [w.key("chapter")]}
    return w.send("post", _work(w, "arrangement/"), body)


def _with_version(method: str, tail: str, body: Any = None) -> Callable[..., Any]:
    """A deed on version 1 of the chapter."""

    def run(w: Any) -> Any:
        kept = w.send("post", _chapter(w, "versions/"), {"kind": "manual"})
        number = json.loads(kept.content)["number"]
        with w.inside():
            assert Chapter.objects.filter(pk=w.key("chapter")).exists()
        path = _chapter(w, f"versions/{number}/{tail}")
        return w.send(method, path, body, headers=_seen(w, _chapter(w)))

    return run


CALLS: dict[str, Callable[..., Any]] = {
    "works_create": lambda w: w.send("post", f"{API}/works/", {"title": "新作"}),
    "works_partial_update": _over("patch", _work, "", {"title": "改名"}),
    "works_destroy": _over("delete", _work, ""),
    "works_restoration_create": _binned(_work),
    "works_erasure_create": _erased,
    "works_transfer_create": lambda w: w.send(
        "post", _work(w, "transfer/"), {"user_id": str(w.bob.user.pk)}
    ),
    "works_arrangement_create": _moved,
    "works_volumes_create": lambda w: w.send("post", _work(w, "volumes/"), {"title": "卷"}),
    "works_chapters_create": lambda w: w.send("post", _work(w, "chapters/"), {"title": "章"}),
    "volumes_partial_update": lambda w: w.send("patch", _volume(w), {"title": "新卷"}),
    "volumes_destroy": lambda w: w.send("delete", _volume(w)),
    "volumes_restoration_create": _binned(_volume, kept=False),
    "chapters_destroy": lambda w: w.send("delete", _chapter(w)),
    "chapters_restoration_create": _binned(_chapter),
    "chapters_lock_takeover_create": lambda w: w.send(
        "post", _chapter(w, "lock/takeover/"), {"tab_id": "t"}
    ),
    "chapters_split_create": _over("post", _chapter, "split/", {"at": 1}),
    "chapters_merger_create": _joined,
    "chapters_versions_create": lambda w: w.send(
        "post", _chapter(w, "versions/"), {"kind": "manual"}
    ),
    "me_writing_goals_update": lambda w: w.send(
        "put", f"{API}/me/writing-goals/", {"work": w.key("work"), "daily_words": 800}
    ),
    "chapters_versions_partial_update": _with_version("patch", "", {"label": "好"}),
    "chapters_versions_restoration_create": _with_version("post", "restoration/"),
}
