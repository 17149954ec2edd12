"""Suites of questions with known answers: asked, compared, counted."""

from querygpt.evaluation.reporting import Report, below_floors
from querygpt.evaluation.running import Source, evaluate
from querygpt.evaluation.suites import Question, SuiteInvalid, read

__all__ = ["Question", "Report", "Source", "SuiteInvalid", "below_floors", "evaluate", "read"]
