"""What should hold before questions are answered; each finding says what to do."""

from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Warning, register


@register()
def postgresql_has_its_own_parser(**_: Any) -> list[CheckMessage]:
    """PostgreSQL's own parser gives the guard its second opinion; looked for, never loaded here."""
    if find_spec("pglast"):
        return []
    return [
        Warning(
            "pglast is not installed: statements for PostgreSQL are judged by one parser alone.",
            hint="Install requirements.txt on a platform that pglast has a wheel for.",
            id="querygpt.W002",
        )
    ]
