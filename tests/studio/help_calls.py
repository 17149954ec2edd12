"""One good call of each operation of the AI's help that changes something."""

from collections.abc import Callable
from typing import Any

from studio.agents import sharing
from studio.models import Agent
from taishang.models import Model
from tests.studio import rows


def _model(world: Any) -> str:
    with world.inside():
        return str(Model.objects.get(pk=world.key("model")))


def _ask(world: Any):
    body = {
        "work": world.key("work"),
        "chapter": world.key("chapter"),
        "type": "continue",
        "model": _model(world),
    }
    return world.send("post", "/api/v1/ai-requests/", body)


def _refine(world: Any):
    body = {"instruction": "again", "model": _model(world)}
    return world.send("post", f"/api/v1/proposals/{world.key('proposal')}/refinement/", body)


def _try(world: Any):
    with world.inside():
        Agent.objects.filter(pk=world.key("agent")).update(model_preference=_name(world))
    body = {"text": "sample", "work": world.key("work")}
    return world.send("post", f"/api/v1/agents/{world.key('agent')}/preview/", body)


def _name(world: Any) -> str:
    return str(Model.objects.get(pk=world.key("model")))


def _taken(world: Any):
    tag = world.alice.client.get(f"/api/v1/chapters/{world.key('chapter')}/")["ETag"]
    path = f"/api/v1/proposals/{world.key('proposal')}/acceptance/"
    return world.send("post", path, headers={"If-Match": tag})


def _tagged(world: Any, method: str, body: Any = None):
    path = f"/api/v1/agents/{world.key('agent')}/"
    tag = world.alice.client.get(path)["ETag"]
    return world.send(method, path, body, headers={"If-Match": tag})


def _imported(world: Any):
    with world.inside():
        agent = Agent.objects.get(pk=world.key("agent"))
        sharing.share(principal=rows.principal(world.alice), agent=agent)
    body = {"code": agent.share_code, "confirm": True}
    return world.send("post", "/api/v1/agent-imports/", body)


def _rated(world: Any, method: str):
    with world.inside():
        Agent.objects.filter(pk=world.key("agent")).update(is_public=True)
    path = f"/api/v1/agents/{world.key('agent')}/rating/"
    return world.send(method, path, {"stars": 4}, by=world.bob)


def _restored(world: Any):
    _tagged(world, "patch", {"system_prompt": "other"})
    return world.send("post", f"/api/v1/agents/{world.key('agent')}/versions/1/restoration/")


def _batch(world: Any):
    with world.inside():
        rows.Batch.objects.update(state="cancelled")
        rows.Chapter.objects.filter(pk=world.key("chapter")).update(synopsis="They meet.")
    body = {"chapters": [world.key("chapter")]}
    return world.send("post", f"/api/v1/works/{world.key('work')}/batches/", body)


def _steered(world: Any, deed: str, state: str):
    with world.inside():
        rows.Batch.objects.filter(pk=world.key("batch")).update(state=state)
    return world.send("post", f"/api/v1/batches/{world.key('batch')}/{deed}/")


CALLS: dict[str, Callable[[Any], Any]] = {
    "ai_requests_create": _ask,
    "chapters_tool_requests_create": lambda w: w.send(
        "post",
        f"/api/v1/chapters/{w.key('chapter')}/tool-requests/",
        {"range_start": 0, "range_end": 1},
    ),
    "ai_requests_texts_destroy": lambda w: w.send(
        "delete", f"/api/v1/ai-requests/{w.key('ai_request')}/texts/"
    ),
    "works_context_previews_create": lambda w: w.send(
        "post",
        f"/api/v1/works/{w.key('work')}/context-previews/",
        {"type": "continue", "chapter": w.key("chapter"), "model": _model(w)},
    ),
    "proposals_acceptance_create": _taken,
    "proposals_dismissal_create": lambda w: w.send(
        "post", f"/api/v1/proposals/{w.key('proposal')}/dismissal/"
    ),
    "proposals_refinement_create": _refine,
    "works_chats_create": lambda w: w.send(
        "post", f"/api/v1/works/{w.key('work')}/chats/", {"title": "Plot"}
    ),
    "chats_partial_update": lambda w: w.send(
        "patch", f"/api/v1/chats/{w.key('chat')}/", {"title": "Other"}
    ),
    "chats_destroy": lambda w: w.send("delete", f"/api/v1/chats/{w.key('chat')}/"),
    "findings_partial_update": lambda w: w.send(
        "patch", f"/api/v1/findings/{w.key('finding')}/", {"state": "fixed"}
    ),
    "works_batches_create": _batch,
    "batches_pause_create": lambda w: _steered(w, "pause", "running"),
    "batches_resumption_create": lambda w: _steered(w, "resumption", "paused"),
    "batches_cancellation_create": lambda w: _steered(w, "cancellation", "paused"),
    "batch_items_omission_create": lambda w: w.send(
        "post", f"/api/v1/batch-items/{w.key('batch_item')}/omission/"
    ),
    "agents_create": lambda w: w.send(
        "post", "/api/v1/agents/", {"name": "Muse", "system_prompt": "Write."}
    ),
    "agents_partial_update": lambda w: _tagged(w, "patch", {"name": "Other"}),
    "agents_destroy": lambda w: _tagged(w, "delete"),
    "agents_preview_create": _try,
    "agents_versions_restoration_create": _restored,
    "agents_share_create": lambda w: w.send("post", f"/api/v1/agents/{w.key('agent')}/share/"),
    "agents_share_destroy": lambda w: (
        w.send("post", f"/api/v1/agents/{w.key('agent')}/share/"),
        w.send("delete", f"/api/v1/agents/{w.key('agent')}/share/"),
    )[1],
    "agents_rating_update": lambda w: _rated(w, "put"),
    "agents_rating_destroy": lambda w: _rated(w, "delete"),
    "agent_imports_create": _imported,
}
