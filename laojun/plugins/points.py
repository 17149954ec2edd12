"""Hook points of the foundation itself, and the shapes agreed for those that apps above declare.

`EVENT_SINK` is declared here. `TEXT_TOOL` and `POST_PROCESSOR` become hooks when the app that calls them adds them
to `hooks.hooks`: a hook that nobody calls is not offered.
"""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from laojun.plugins import broker
from laojun.plugins.hooks import HookPoint

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
TEXT = {"type": "string"}


def point(name: str, *, input_schema: dict[str, Any], **rest: Any) -> HookPoint:
    """A hook point of version 1; what plugins on it may ask for is what its input asks for."""
    permissions = broker.permissions(input_schema) | rest.pop("permissions", frozenset())
    return HookPoint(
        name=name, version=1, permissions=permissions, input_schema=input_schema, **rest
    )


def closed(properties: dict[str, Any], *required: str, **rest: Any) -> dict[str, Any]:
    """The schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **rest,
    }


EVENT_SINK: Final = point(
    "event.sink",
    input_schema={
        **closed(
            {
                "specversion": {"const": "1.0"},
                "id": TEXT,
                "source": TEXT,
                "type": TEXT,
                "subject": TEXT,
                "time": {"type": "string", "format": "date-time"},
                "datacontenttype": {"const": "application/json"},
                "truncated": {"type": "boolean"},
                "data": {"type": "object"},
            },
            "specversion",
            "id",
            "source",
            "type",
        )
    },
    output_schema={},
    permissions=frozenset({"event:task", "event:audit", "event:notification", "data:task.result"}),
    mode="async",
    deadline_s=10.0,
    max_in=256 * KIBIBYTE,
    max_out=64 * KIBIBYTE,
    label=_("Is told what happens"),
)

TEXT_TOOL: Final = point(
    "studio.text_tool",
    input_schema=closed(
        {
            "selection": {**TEXT, "x-permission": "data:text.selection"},
            "context": {
                **closed({"before": TEXT, "after": TEXT}),
                "x-permission": "data:text.context",
            },
            "language": {"type": "string", "maxLength": 35},
            "instruction": {"type": "string", "maxLength": 2000},
        }
    ),
    output_schema=closed(
        {
            "proposal": {"type": "string", "maxLength": 200_000},
            "note": {"type": "string", "maxLength": 2000},
        },
        "proposal",
    ),
    mode="sync",
    deadline_s=20.0,
    max_in=200 * KIBIBYTE,
    max_out=400 * KIBIBYTE,
    label=_("Proposes another wording of what is selected"),
)

COLUMN = closed({"name": TEXT, "type": TEXT}, "name")
CELL = {"type": ["string", "number", "boolean", "null"]}
CHART = closed(
    {
        "kind": {"enum": ["bar", "line", "pie", "scatter", "table", "number"]},
        "title": {"type": "string", "maxLength": 200},
        "x": {"type": "string", "maxLength": 200},
        "y": {"type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 12},
    },
    "kind",
)
POST_PROCESSOR: Final = point(
    "querygpt.post_processor",
    input_schema=closed(
        {
            "sql": {**TEXT, "x-permission": "data:sql.text"},
            "columns": {"type": "array", "items": COLUMN, "x-permission": "data:sql.columns"},
            "rows": {
                "type": "array",
                "items": {"type": "array", "items": CELL},
                "x-permission": "data:sql.rows",
            },
            "chart": {**CHART, "x-permission": "data:chart.spec"},
        }
    ),
    output_schema={
        **closed(
            {"sql": {"type": "string", "maxLength": 100_000}, "chart": CHART},
            minProperties=1,
        )
    },
    mode="sync",
    deadline_s=3.0,
    max_in=MEBIBYTE,
    max_out=MEBIBYTE,
    label=_("Improves a query or its chart"),
)
