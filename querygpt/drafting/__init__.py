"""A question as SQL by a model: what it is shown, how it is asked, how its reply is read."""

from querygpt.drafting.asking import Draft, DraftFailed, draft
from querygpt.drafting.prompting import Material, Round

__all__ = ["Draft", "DraftFailed", "Material", "Round", "draft"]
