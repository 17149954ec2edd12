"""One call of every operation that changes what is told about a story; each must leave its row in the audit log."""

from tests.accounts.api.calls import JSON


def _work(w, rest=""):
    return f"/api/v1/works/{w.key('work')}/{rest}"


def _one(kind, noun=None):
    """The address of a row: its kind in the ids of the world, its noun in the path."""
    return lambda w, rest="": f"/api/v1/{noun or kind + 's'}/{w.key(kind)}/{rest}"


CHARACTER, RELATION, SCENE = _one("character"), _one("relation"), _one("scene")
ENTRY, TAG, COMMENT = _one("entry", "worldview"), _one("tag"), _one("comment")


def _seen(w, method, path, body=None):
    """A write that saw the present form."""
    return w.send(method, path, body, headers={"If-Match": w.alice.get(path)["ETag"]})


def _back(w, path):
    _seen(w, "delete", path)
    return w.send("post", f"{path}restoration/")


def _made(w, noun, body):
    path = _work(w, f"{noun}/")
    return w.alice.client.post(path, body, content_type=JSON).json()["id"]


def _invited(w):
    return w.send("post", _work(w, "collaborators/"), _bob(w))


def _bob(w):
    return {"user_id": str(w.bob.user.pk), "role": "editor"}


def _part(w):
    return _work(w, f"collaborators/{w.bob.user.pk}/")


def _invitation(w):
    return f"/api/v1/work-invitations/{w.key('work')}/"


def _after(first, then):
    return lambda w: (first(w), then(w))[1]


def _shared(w):
    for name in ("One", "Other"):
        rows = w.alice.get(_work(w, f"characters/?q={name}")).json()["results"]
        path = f"/api/v1/characters/{rows[0]['id']}/"
        _seen(w, "patch", path, {"aliases": ["both"]})


CALLS = {
    "works_characters_create": lambda w: w.send("post", _work(w, "characters/"), {"name": "x"}),
    "characters_partial_update": lambda w: _seen(w, "patch", CHARACTER(w), {"role": "hero"}),
    "characters_destroy": lambda w: _seen(w, "delete", CHARACTER(w)),
    "characters_restoration_create": lambda w: _back(w, CHARACTER(w)),
    "characters_merger_create": lambda w: w.send(
        "post", CHARACTER(w, "merger/"), {"character_id": _made(w, "characters", {"name": "x"})}
    ),
    "works_ambiguities_create": _after(
        _shared,
        lambda w: w.send(
            "post",
            _work(w, "ambiguities/"),
            {"surface": "both", "character_id": w.key("character")},
        ),
    ),
    "works_relations_create": lambda w: w.send(
        "post",
        _work(w, "relations/"),
        {
            "from_id": w.key("character"),
            "to_id": _made(w, "characters", {"name": "x"}),
            "kind": "rival",
        },
    ),
    "relations_partial_update": lambda w: _seen(w, "patch", RELATION(w), {"weight": 5}),
    "relations_destroy": lambda w: _seen(w, "delete", RELATION(w)),
    "works_scenes_create": lambda w: w.send("post", _work(w, "scenes/"), {"title": "x"}),
    "scenes_partial_update": lambda w: _seen(w, "patch", SCENE(w), {"mood": "calm"}),
    "scenes_destroy": lambda w: _seen(w, "delete", SCENE(w)),
    "scenes_restoration_create": lambda w: _back(w, SCENE(w)),
    "works_worldview_create": lambda w: w.send("post", _work(w, "worldview/"), {"title": "x"}),
    "worldview_partial_update": lambda w: _seen(w, "patch", ENTRY(w), {"category": "history"}),
    "worldview_destroy": lambda w: _seen(w, "delete", ENTRY(w)),
    "worldview_placement_create": lambda w: w.send(
        "post", ENTRY(w, "placement/"), {"parent_id": _made(w, "worldview", {"title": "x"})}
    ),
    "worldview_restoration_create": lambda w: _back(w, ENTRY(w)),
    "works_tags_create": lambda w: w.send("post", _work(w, "tags/"), {"name": "x"}),
    "tags_partial_update": lambda w: _seen(w, "patch", TAG(w), {"name": "x"}),
    "tags_destroy": lambda w: _seen(w, "delete", TAG(w)),
    "tags_merger_create": lambda w: w.send(
        "post", TAG(w, "merger/"), {"tag_id": _made(w, "tags", {"name": "x"})}
    ),
    "chapters_tags_update": lambda w: w.send(
        "put", f"/api/v1/chapters/{w.key('chapter')}/tags/", {"tag_ids": [w.key("tag")]}
    ),
    "works_comments_create": lambda w: w.send(
        "post", _work(w, "comments/"), {"chapter_id": w.key("chapter"), "body": "x"}
    ),
    "comments_partial_update": lambda w: w.send("patch", COMMENT(w), {"body": "x"}),
    "comments_destroy": lambda w: w.send("delete", COMMENT(w)),
    "comments_resolution_create": lambda w: w.send("post", COMMENT(w, "resolution/")),
    "comments_resolution_destroy": lambda w: (
        w.send("post", COMMENT(w, "resolution/")),
        w.send("delete", COMMENT(w, "resolution/")),
    )[1],
    "works_collaborators_create": _invited,
    "works_collaborators_partial_update": _after(
        _invited, lambda w: w.send("patch", _part(w), {"role": "commenter"})
    ),
    "works_collaborators_destroy": _after(_invited, lambda w: w.send("delete", _part(w))),
    "work_invitations_update": _after(_invited, lambda w: w.send("put", _invitation(w), by=w.bob)),
    "work_invitations_destroy": _after(
        _invited, lambda w: w.send("delete", _invitation(w), by=w.bob)
    ),
}
