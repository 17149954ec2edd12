"""Lent databases: checked, saved, tried, and told to the drivers."""

from querygpt.connections.checking import ConnectionRefused, Destination, check

__all__ = ["ConnectionRefused", "Destination", "check"]
