"""The stage that turns facts into a blueprint."""

from taishang.generation.building.assembling import build

__all__ = ["build"]
