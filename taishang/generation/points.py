"""Where plugins join a generation job: their hooks, and the platform's own plugins on them."""

from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from laojun.plugins.builtins import Builtin
from laojun.plugins.points import MEBIBYTE, TEXT, closed, point
from taishang.generation import adapters
from taishang.generation.refine.edits import MAX_EDITS

MAX_FILES = 200
SOURCE_ADAPTER: Final = point(
    "generation.source_adapter",
    input_schema=closed(
        {
            "source": TEXT,
            "framework": TEXT,
            "files": {
                "type": "array",
                "items": closed({"path": TEXT, "text": TEXT}, "path"),
                "x-permission": "data:generation.source",
            },
        }
    ),
    output_schema=closed(
        {
            "edits": {
                "type": "array",
                "items": {"type": "object", "required": ["kind"]},
                "maxItems": MAX_EDITS,
            },
        },
        "edits",
    ),
    mode="sync",
    deadline_s=60.0,
    max_in=10 * MEBIBYTE,
    max_out=5 * MEBIBYTE,
    label=_("Reads front-end exports"),
)
EMITTER: Final = point(
    "generation.emitter",
    input_schema=closed(
        {
            "app_label": TEXT,
            "ir": {"type": "object", "x-permission": "data:generation.ir"},
        }
    ),
    output_schema=closed(
        {
            "files": {
                "type": "array",
                "maxItems": MAX_FILES,
                "items": closed(
                    {
                        "path": {"type": "string", "minLength": 1, "maxLength": 200},
                        "content": {"type": "string", "maxLength": 2_000_000},
                    },
                    "path",
                    "content",
                ),
            }
        },
        "files",
    ),
    mode="sync",
    deadline_s=60.0,
    max_in=5 * MEBIBYTE,
    max_out=10 * MEBIBYTE,
    label=_("Writes back ends"),
)
HOOKS = (SOURCE_ADAPTER, EMITTER)
DJANGO_EMITTER = "django_emitter"
DIGESTS = settings.BASE_DIR / "taishang" / "generation" / "builtins.json"
FOLDER = "taishang/generation"
NAMES = {
    "bolt": ("Bolt 导出", "Bolt exports"),
    "v0": ("v0 导出", "v0 exports"),
    "lovable": ("Lovable 导出", "Lovable exports"),
    "retool": ("Retool 导出", "Retool exports"),
    "unknown": ("其他前端导出", "Exports of any other tool"),
}


def builtins() -> list[Builtin]:
    """The adapters and the emitter that come with the platform. The job's own process runs them."""
    readers = [
        _builtin(
            one.slug,
            f"{one.version}.0.0",
            SOURCE_ADAPTER.name,
            "data:generation.source",
            NAMES[one.source],
            f"{FOLDER}/adapters/{one.slug.removesuffix('_adapter')}.py",
        )
        for one in adapters.ADAPTERS
    ]
    words = ("Django 后端", "Django back ends")
    code = f"{FOLDER}/render/emitting.py"
    emitter = _builtin(DJANGO_EMITTER, "1.0.0", EMITTER.name, "data:generation.ir", words, code)
    return [*readers, emitter]


def _builtin(
    slug: str, version: str, hook: str, permission: str, words: tuple[str, str], code: str
) -> Builtin:
    zh, en = words
    manifest: dict[str, Any] = {
        "schema": "laojun-plugin/1",
        "slug": slug,
        "name": {"zh": zh, "en": en},
        "description": {
            "zh": f"{zh}：随平台提供，默认开启，可在工作区关闭。",
            "en": f"{en}: part of the platform, on by itself; a workspace can switch it off.",
        },
        "version": version,
        "kind": "builtin",
        "publisher": "taishang-laojun",
        "hooks": [{"hook": hook, "hook_version": 1}],
        "permissions": [permission],
        "compatibility": {"platform": "*"},
        "default_on": True,
    }
    return Builtin(slug, manifest, (code,), DIGESTS)
