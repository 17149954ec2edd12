"""The door for OpenAI's clients: how large a request may be, how its errors look, what it refuses."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import ErrorShape, NavigationEntry
from laojun.declarations import entries
from taishang.api.openai import errors
from taishang.api.openai.views import MAX_BODY_BYTES

PROBLEMS = (
    (
        "unsupported_parameter",
        400,
        _("This parameter is not supported"),
        _("Leave it out, or set it to its default."),
    ),
)
PAGE = NavigationEntry(
    "developers", _("Developers"), "developers", "plug", 45, "model.use", group="tools"
)


def declare() -> None:
    entries.problems(PROBLEMS)
    entries.places(PAGE)
    registry.error_shapes.add(errors.PREFIX, ErrorShape(errors.shape, errors.SCHEMA))
    registry.body_limits.add(errors.PREFIX, MAX_BODY_BYTES)
