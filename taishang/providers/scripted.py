"""Does what its script says, well or badly: for tests only."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from taishang.providers.base import (
    Done,
    Event,
    Prompt,
    Provider,
    Text,
    Thought,
    ToolCall,
    Usage,
    Vectors,
)
from taishang.providers.errors import ErrorClass, ProviderError

EVENTS: Mapping[str, type] = {
    "text": Text,
    "thought": Thought,
    "tool": ToolCall,
    "usage": Usage,
    "vectors": Vectors,
    "done": Done,
}
DEFAULT: list[dict[str, Any]] = [
    {"text": "Hello"},
    {"text": " world"},
    {"usage": [5, 2]},
    {"done": "stop"},
]


class Scripted(Provider):
    """Plays `params["script"]`, a list of steps with one key each.

    `{"text": "…"}`, `{"thought": "…"}`, `{"usage": [in, out, cached]}`, `{"vectors": [start, [[…]]]}`,
    `{"tool": [index, id, name, arguments]}`, `{"done": reason}` give events; `{"wait": seconds}`; `{"hang": true}`
    for ever; `{"error": class, "status": 429, "retry_after": 1, "detail": "…"}`; `{"raise": "…"}` a fault that is no
    ProviderError. `hits` counts calls by model, `open` those that are under way.
    """

    hits: Counter[str] = Counter()
    open: Counter[str] = Counter()
    prompts: list[Prompt] = []

    async def execute(self, prompt: Prompt) -> AsyncGenerator[Event, None]:
        name = self.connection.model_id
        self.hits[name] += 1
        self.open[name] += 1
        self.prompts.append(prompt)
        try:
            for step in self.connection.params.get("script", DEFAULT):
                event = await _played(step)
                if event is not None:
                    yield event
        finally:
            self.open[name] -= 1

    @classmethod
    def forget(cls) -> None:
        cls.hits.clear()
        cls.open.clear()
        cls.prompts.clear()


async def _played(step: Mapping[str, Any]) -> Event | None:
    if "error" in step:
        raise ProviderError(
            ErrorClass(step["error"]),
            step.get("detail", "scripted"),
            http_status=step.get("status"),
            retry_after=step.get("retry_after"),
        )
    if "raise" in step:
        raise RuntimeError(step["raise"])
    if "hang" in step:
        await asyncio.Event().wait()
    if "wait" in step:
        await asyncio.sleep(step["wait"])
    for name, kind in EVENTS.items():
        if name in step:
            given = step[name]
            return kind(*given) if isinstance(given, list) else kind(given)
    return None
