"""The one way to a model: reserved before, billed after, told the same way whatever provider answers.

`complete`, `embed`, `rerank`, `count` and `estimate` are for synchronous callers; `stream` is read in an event loop.
Nothing of it may be called inside a transaction.
"""

from taishang.gateway.answers import Answer
from taishang.gateway.asks import Caller
from taishang.gateway.calling import Estimate, complete, count, embed, estimate, rerank, stream
from taishang.gateway.refusals import REFUSED
from taishang.gateway.streams import Stream

__all__ = [
    "REFUSED",
    "Answer",
    "Caller",
    "Estimate",
    "Stream",
    "complete",
    "count",
    "embed",
    "estimate",
    "rerank",
    "stream",
]
