"""What people taught the platform about their data: the words of the house, and questions with approved SQL."""

from querygpt.knowledge.matching import exact, nearest

__all__ = ["exact", "nearest"]
