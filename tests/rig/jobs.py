"""Long functions as an app below the engine declares them: given a way to say how far they are, and nothing else."""

from typing import Any

from accounts.registry import Job, JobFailed, Progress

STEPS = {
    "type": "object",
    "properties": {"steps": {"type": "integer"}},
    "required": ["steps"],
    "additionalProperties": False,
}
reached: list[int] = []


def count(payload: dict[str, Any], progress: Progress) -> dict[str, Any]:
    reached.clear()
    for step in range(payload["steps"]):
        reached.append(step)
        progress(step, payload["steps"], f"step {step}")
    return {"steps": payload["steps"]}


def refuse(_payload: dict[str, Any], _progress: Progress) -> None:
    raise JobFailed("not_today", "It cannot be done today.")


JOBS = (
    Job("rig.count", count, STEPS, label="Count", watched=True, for_workspace=True),
    Job("rig.refuse", refuse, STEPS, watched=True, for_workspace=True, retries_s=(1.0,)),
)
