"""Telling people in time that their storage runs out."""

from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from accounts import news
from accounts.models import User
from laojun import configs
from laojun.models import File, FileUsage

LOW_PERCENT, FULL_PERCENT = 80, 100


def tell(*, file: File, scope: str, user_id: Any) -> None:
    """After a file was counted: tell whom it concerns when it crossed 80 or 100 % of the `scope`'s quota.

    The person hears of their own storage, the owner of the workspace's. One query unless a mark was crossed.
    """
    limit = configs.value(f"storage.{scope}_quota_bytes", file.workspace_id)
    used = FileUsage.objects.of(file.workspace_id, user_id).values_list("bytes", flat=True).get()
    crossed = [
        percent
        for percent in (FULL_PERCENT, LOW_PERCENT)
        if (used - file.file_size) * 100 < limit * percent <= used * 100
    ]
    if not crossed:
        return
    workspace = file.workspace
    reader = User.objects.get(pk=user_id) if user_id or workspace is None else workspace.owner
    news.tell(
        "storage_full" if crossed[0] == FULL_PERCENT else "storage_low",
        user=reader,
        link=("files", ""),
        workspace_id=file.workspace_id,
        dedup_key=f"storage:{scope}:{file.workspace_id}",
        percent=crossed[0],
        whose=_("Your files") if scope == "user" else _("All files"),
        used=filesizeformat(used),
        limit=filesizeformat(limit),
        workspace=workspace.name if workspace else "–",
    )
