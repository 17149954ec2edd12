"""Which chart fits a result, and what it draws. A specification names columns and never holds a value of a row."""

from querygpt.charts.choosing import accepted, choose
from querygpt.charts.drawing import drawn

__all__ = ["accepted", "choose", "drawn"]
