"""Source adapters: what is particular to exports of one tool. Without any of them the generic one works."""

from taishang.generation.adapters import bolt, generic, lovable, retool, v0
from taishang.generation.adapters.base import SourceAdapter

ADAPTERS: tuple[SourceAdapter, ...] = (
    bolt.ADAPTER,
    v0.ADAPTER,
    lovable.ADAPTER,
    retool.ADAPTER,
    generic.ADAPTER,
)

__all__ = ["ADAPTERS", "SourceAdapter"]
