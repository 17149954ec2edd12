"""The demo shop: a database that every installation can ask at once."""

from querygpt.shop.building import ROWS, build, digest

__all__ = ["ROWS", "build", "digest"]
