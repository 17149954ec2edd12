"""Why knowledge is not taken, in the codes that every door answers with."""

from __future__ import annotations

from typing import Any


class KnowledgeRefused(Exception):
    """The base of all of them. `code` is a registered problem, `members` become members of the answer."""

    code = ""

    def __init__(self, message: str = "", **members: Any) -> None:
        super().__init__(message or self.code)
        self.members = members


class ExpressionRefused(KnowledgeRefused):
    """The guard refuses the expression of a term. `rule` is the guard's."""

    code = "expression_refused"

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason, rule=rule, reason=reason)


class ExampleRefused(KnowledgeRefused):
    """The guard refuses the statement of an example. `rule` is the guard's."""

    code = "example_refused"

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason, rule=rule, reason=reason)


class TrialFailed(KnowledgeRefused):
    """The statement of an example did not run. `error_code` is the class of the failure."""

    code = "trial_failed"

    def __init__(self, error_code: str, reason: str) -> None:
        super().__init__(reason, error_code=error_code, reason=reason)


class NotChecked(KnowledgeRefused):
    """The guard could not be asked just now."""

    code = "not_checked"


class TermTaken(KnowledgeRefused):
    """Another term of this kind has the name in this place."""

    code = "term_taken"


class QuestionTaken(KnowledgeRefused):
    """Another example of this question is approved."""

    code = "question_taken"


class ExampleMoved(KnowledgeRefused):
    """Somebody changed the example while it was tried."""

    code = "example_moved"


class LimitReached(KnowledgeRefused):
    """No more of these in one workspace."""

    code = "limit_reached"

    def __init__(self, limit: int) -> None:
        super().__init__(str(limit), limit=limit)
