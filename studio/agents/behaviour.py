"""How an agent writes, as a model's parameters: sliders from 0 to 1 become temperature and length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SLIDERS = ("creativity", "formality", "detailLevel", "emotionLevel")
PACES = ("slow", "medium", "fast")
DEFAULT: Mapping[str, Any] = {
    "creativity": 0.6,
    "formality": 0.5,
    "detailLevel": 0.6,
    "emotionLevel": 0.5,
    "pacing": "medium",
}
FORMAL = 0.7
LOW, HIGH = 0.3, 0.7
PACE_WORDS = {"slow": "slow", "fast": "fast"}


def parameters(behavior: Mapping[str, Any], *, most_output: int) -> dict[str, Any]:
    """Shapes: `{temperature, max_tokens}`. Units: tokens; `most_output` is the model's own limit."""
    values = {**DEFAULT, **behavior}
    temperature = 0.3 + 0.9 * float(values["creativity"])
    if float(values["formality"]) > FORMAL:
        temperature -= 0.1
    tokens = int(500 + 1_500 * float(values["detailLevel"]))
    return {
        "temperature": round(min(1.5, max(0.1, temperature)), 2),
        "max_tokens": max(1, min(tokens, most_output)),
    }


def traits(behavior: Mapping[str, Any]) -> list[str]:
    """Words for what differs from the middle, in the order of the sliders: `formality:high`, `pacing:slow`."""
    values = {**DEFAULT, **behavior}
    found = []
    for name in SLIDERS[1:]:
        value = float(values[name])
        if value <= LOW or value >= HIGH:
            found.append(f"{name}:{'high' if value >= HIGH else 'low'}")
    if values["pacing"] in PACE_WORDS:
        found.append(f"pacing:{values['pacing']}")
    return found
