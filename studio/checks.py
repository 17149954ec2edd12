"""What should hold before books are written; each finding says what to do."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, register
from django.utils.module_loading import import_string

CHOSEN = "studio.exporting.fonts.chosen"
MISSING = "studio.exporting.fonts.FontMissing"


@register()
def books_can_be_printed(**_: Any) -> list[CheckMessage]:
    """Told, and no reason to hold a deployment back: everything but PDF works without the font."""
    # By their paths: typesetting loads when somebody asks, never at start.
    try:
        import_string(CHOSEN)(tuple(settings.STUDIO_FONT_DIRS), language="zh-Hans")
    except import_string(MISSING):
        return [
            Info(
                "No font here can write Chinese: books cannot be exported as PDF.",
                hint="Install fonts-noto-cjk, or name folders with fonts in STUDIO_FONT_DIRS.",
                id="studio.W001",
            )
        ]
    return []
