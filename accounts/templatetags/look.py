"""Tags and filters of the pages: icons, states, times, fields."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from accounts import devices
from accounts.models.role import shown_name
from accounts.web.states import CANCELLED, FAILED, QUEUED, STATES, SUCCEEDED, seen_as

register = template.Library()

SPANS = ((86_400, _("d")), (3600, _("h")), (60, _("min")), (1, _("s")))
# The name that modules import by → the folder below static/ they stand in.
MODULE_FOLDERS = {"parts": "js", "sync": "js/sync", "studio": "js/studio"}
VENDORED = {
    "codemirror": "vendor/codemirror@6.43.15/codemirror.min.js",
    "cytoscape": "vendor/cytoscape@3.34.4/cytoscape.esm.min.js",
    "echarts": "vendor/echarts@5.6.0/echarts.esm.min.js",
}


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """An icon of the sprite. With `label` it speaks for itself, without it is decoration."""
    css = "icon icon-small" if size == "small" else "icon"
    address = f"{static('icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>',
            css,
            label,
            address,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', css, address
    )


@register.simple_tag
def mark() -> SafeString:
    """The gourd."""
    return format_html(
        '<svg class="brand-mark" aria-hidden="true"><use href="{}#gourd"></use></svg>',
        static("icons.svg"),
    )


@register.inclusion_tag("_partials/badge.html")
def state_badge(state: str, word: str = "") -> dict[str, Any]:
    """Word, icon and colour of a state; `word` replaces the word where a page can be more exact."""
    kind = seen_as(state)
    symbol, usual = STATES[kind]
    return {"kind": kind, "icon": symbol, "word": word or usual}


@register.filter
def role_name(role: Any) -> str:
    """What to call a role that a query brought as a dict of key and name."""
    return shown_name(role["key"], role["name"])


register.filter("seen_as", seen_as)


@register.filter
def state_icon(state: object) -> str:
    return STATES[seen_as(state)][0]


@register.filter
def bar_class(state: object) -> str:
    """The colour of a progress bar."""
    return {
        SUCCEEDED: "bar-done",
        FAILED: "bar-failed",
        CANCELLED: "bar-waiting",
        QUEUED: "bar-waiting",
    }.get(seen_as(state), "")


@register.simple_tag
def when(moment: datetime | None, style: str = "") -> SafeString | str:
    """A moment: by its date, or with the browser's help by its distance from now; exact in the title."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    shown = formats.date_format(local, "DATETIME_FORMAT" if style == "exact" else "DATE_FORMAT")
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        local.isoformat(),
        formats.date_format(local, "DATETIME_FORMAT"),
        "" if style == "exact" else mark_safe(' data-part="time"'),
        shown,
    )


@register.filter
def span(seconds: int) -> str:
    """A length of time in its largest whole unit, rounded up."""
    for size, unit in SPANS:
        if seconds >= size:
            return f"{-(-seconds // size)} {unit}"
    return f"{seconds} {SPANS[-1][1]}"


@register.inclusion_tag("_partials/field.html")
def field(bound: BoundField, label: str = "", hint: str = "") -> dict[str, Any]:
    """A form field with its label above, its hint and its error below."""
    return {"field": bound, "label": label or bound.label, "hint": hint or bound.help_text}


@register.filter
def undo_address(message: Any) -> str:
    """Where the deed that a message tells of is undone; its tag is `undo:` and the address."""
    tags = str(getattr(message, "extra_tags", "")).split()
    return next((tag.removeprefix("undo:") for tag in tags if tag.startswith("undo:/")), "")


@register.filter
def initial(name: object) -> str:
    """The first letter of a name, for the square that stands for a person or a workspace."""
    text = str(name).strip()
    return text[:1].upper() or "?"


@register.filter
def device(session: Any) -> str:
    """The device of a session or sign-in in few words, from what its browser said of itself."""
    named = getattr(session, "device_name", "") or devices.describe(session.user_agent)
    if named:
        return str(named)
    return str(session.get_kind_display()) if hasattr(session, "get_kind_display") else "–"


@register.simple_tag
def import_map() -> SafeString:
    """The JSON of the import map: every module under static/js, and the vendored ones, by their hashed names."""
    imports = {name: static(path) for name, path in VENDORED.items()}
    for name, folder in MODULE_FOLDERS.items():
        for file in _modules(folder):
            imports[f"{name}/{file.stem}"] = static(f"{folder}/{file.name}")
    text = json.dumps({"imports": imports})
    return mark_safe(text.replace("<", "\\u003c"))  # noqa: S308 - our own file names as JSON


@register.simple_tag
def module_path(name: str) -> str:
    """Where a module of the import map lies, for a page that has it fetched before it is asked for."""
    if name in VENDORED:
        return static(VENDORED[name])
    folder, _slash, stem = name.rpartition("/")
    return static(f"{MODULE_FOLDERS[folder]}/{stem}.js")


def _modules(folder: str) -> list[Path]:
    found = finders.find(folder)
    return sorted(Path(str(found)).glob("*.js")) if found else []


@register.filter
def as_json(value: Any) -> str:
    """Data for a module in an attribute: a script block would be taken out of what htmx swaps in."""
    return json.dumps(value, cls=DjangoJSONEncoder)
