"""Why help is not given, in the codes that every door answers with."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _


class RequestRefused(Exception):
    """The base of all of them. `code` is a registered problem."""

    code = ""

    def __init__(self, **members: Any) -> None:
        super().__init__(self.code)
        self.members = members


class ContextChanged(RequestRefused):
    """What would be sent is not what was shown; `preview` is what would be sent now."""

    code = "context_changed"


class BaseMoved(RequestRefused):
    """The chapter has another revision than the one the passage was chosen in."""

    code = "base_moved"
    detail = _(
        "The chapter has changed since the passage was chosen. Choose it again and ask again."
    )

    def __init__(self, revision: int) -> None:
        super().__init__(revision=revision)


class RequestRunning(RequestRefused):
    """The same person has a request of the same kind under way in this chapter."""

    code = "ai_request_running"

    def __init__(self, request_id: UUID) -> None:
        super().__init__(request_id=str(request_id))


class SuggestionsOff(RequestRefused):
    """The person has switched the AI's help off."""

    code = "ai_suggestions_off"


class RequestLive(RequestRefused):
    """The request has not ended."""

    code = "ai_request_live"
