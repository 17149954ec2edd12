"""The stage that changes a blueprint by typed edits, proposed by plugins or a model, or decided by a person."""

from taishang.generation.refine.edits import Cite, Edit, Refusal, parse_edits
from taishang.generation.refine.judging import Verdict, in_force, judge
from taishang.generation.refine.revising import apply
from taishang.generation.refine.wording import MOST_TOKENS, messages

__all__ = [
    "MOST_TOKENS",
    "Cite",
    "Edit",
    "Refusal",
    "Verdict",
    "apply",
    "in_force",
    "judge",
    "messages",
    "parse_edits",
]
