"""The stage that changes a blueprint by typed edits, proposed by a model or decided by a person."""

from taishang.generation.refine.edits import Cite, Edit, Refusal, parse_edits
from taishang.generation.refine.revising import apply

__all__ = ["Cite", "Edit", "Refusal", "apply", "parse_edits"]
