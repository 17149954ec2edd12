"""Strong entity tags from row versions: reads that answer 304, writes that never overwrite unseen work.

A tag is `"<row version>.<8 hex>"`. The hex covers what else shapes a reply (kind, id, language, rights), so a
change of rights is no 304; `If-Match` compares the version alone, because rights do not make a write stale.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import get_language
from rest_framework.request import Request

from accounts.registry import last_change
from accounts.web.authentication import principal_of
from accounts.web.problems import Refused

# Raised when the shape of replies changes, so that no client keeps an old shape under a new schema.
SCHEMA_REVISION = "1"
TAG = re.compile(r'(?:W/)?"([^"]*)"')


def of(
    request: Request | HttpRequest,
    row: models.Model,
    *,
    version: int | str | None = None,
    also: Sequence[object] = (),
) -> str:
    """The tag of a row with a `version` column (or of the version given) as this reader sees it.

    `also` is what the reply tells beside the row.
    """
    number = row.version if version is None else version  # type: ignore[attr-defined]
    principal = principal_of(request)
    parts = (row._meta.label, row.pk, SCHEMA_REVISION, get_language(), principal.versions, *also)
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:8]
    return f'"{number}.{digest}"'


def matches(request: Request, tag: str) -> bool:
    """Whether the reader already has this tag (`If-None-Match`): answer 304."""
    header = request.headers.get("If-None-Match")
    if header is None:
        return False
    return header.strip() == "*" or tag.strip('"') in TAG.findall(header)


def require(
    request: Request,
    row: models.Model,
    *,
    optional: bool = False,
    thing: tuple[str, object] | None = None,
    version: int | None = None,
) -> None:
    """Refuse a write that did not see the current version of `row` (or the one given, as for `of`).

    The caller holds the row locked (`select_for_update`), or two writers could both pass. `thing` is the row's
    kind and id in the audit log, where its table does not say it. Raises Refused: `version_required` (428)
    without `If-Match` or with `*`, `version_stale` (412) with an old one, telling who changed it and when.
    """
    header = request.headers.get("If-Match")
    if optional and (header is None or header.strip() == "*"):
        return
    seen = TAG.findall(header or "")
    if not seen:
        raise Refused("version_required")
    number = row.version if version is None else version  # type: ignore[attr-defined]
    if str(number) not in {tag.partition(".")[0] for tag in seen}:
        raise stale(
            of(request, row, version=number),
            thing=thing or (str(row._meta.model_name), row.pk),
            changed_at=getattr(row, "updated_at", None),
        )


def stale(tag: str, *, thing: tuple[str, object], changed_at: Any, **members: Any) -> Refused:
    """The refusal of a write on an old version: the current tag, who made it and when."""
    kind, key = thing
    last = last_change(kind=kind, key=str(key)) if last_change.function else {}
    told = {"etag": tag, "changed_at": changed_at, "changed_by": None, **last, **members}
    return Refused("version_stale", members=told, headers={"ETag": tag})
