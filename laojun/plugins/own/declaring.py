"""The plugins that the foundation itself brings along."""

from pathlib import Path
from typing import Any, Final

from laojun.plugins.builtins import Builtin
from laojun.plugins.own import journal
from laojun.plugins.points import EVENT_SINK

DIGESTS = Path(__file__).parent / "digests.json"
JOURNAL: Final[dict[str, Any]] = {
    "schema": "laojun-plugin/1",
    "slug": "event_journal",
    "name": {"zh": "事件日志", "en": "Event journal"},
    "description": {
        "zh": "把工作区发生的每件事写成平台日志中的一行。",
        "en": "Writes everything that happens in the workspace as a line of the platform's log.",
    },
    "version": "1.0.0",
    "kind": "builtin",
    "publisher": "taishang-laojun",
    "hooks": [{"hook": EVENT_SINK.name, "hook_version": EVENT_SINK.version}],
    "permissions": ["event:audit", "event:notification", "event:task"],
    "compatibility": {"platform": "*"},
    "config_schema": {
        "type": "object",
        "properties": {
            "with_subject": {
                "type": "boolean",
                "default": True,
                "title": {"zh": "写明对象", "en": "Name the subject"},
            }
        },
    },
}
OWN = (
    Builtin(
        "event_journal",
        JOURNAL,
        ("laojun/plugins/own/journal.py",),
        DIGESTS,
        {EVENT_SINK.name: journal.write},
    ),
)
