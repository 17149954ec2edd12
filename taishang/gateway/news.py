"""What people hear of their calls: quotas that are nearly or wholly used up, keys that a provider rejects."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import news, tenancy
from accounts.models import User, Workspace
from taishang.models import Model

REASON = "news of quotas and keys"
WHOLE = 100
logger = logging.getLogger(__name__)


def tell(
    *, workspace_id: int | None, user_id: UUID | None, scope: str, marks: Sequence[str]
) -> None:
    """To the workspace's owner, of a plan to the person. The highest mark of each unit is enough."""
    highest: dict[str, int] = {}
    for mark in marks:
        unit, _colon, percent = mark.partition(":")
        highest[unit] = max(highest.get(unit, 0), int(percent))
    with tenancy.platform_scope(reason=REASON):
        for reader in _readers(workspace_id, user_id, scope):
            for unit, most in highest.items():
                _tell(reader, workspace_id, unit, most)


def tell_key_rejected(*, model_id: int | None, user_id: UUID | None) -> None:
    """To whoever connected the model, else to the owner of its workspace; once a day."""
    with tenancy.platform_scope(reason=REASON):
        model = Model.objects.filter(pk=model_id).select_related("workspace").first()
        if model is None:
            return
        owner_id = model.owner_id or model.created_by_id
        if owner_id is None and model.workspace is not None:
            owner_id = model.workspace.owner_id
        reader = User.objects.able_to_sign_in().filter(pk=owner_id or user_id).first()
        if reader is not None:
            news.tell(
                "provider_key_rejected",
                user=reader,
                link=("usage", ""),
                workspace_id=model.workspace_id,
                dedup_key=f"key:{model.pk}:{timezone.now().date().isoformat()}",
                model=str(model),
            )


def _readers(workspace_id: int | None, user_id: UUID | None, scope: str) -> Iterator[User]:
    people = User.objects.able_to_sign_in()
    if scope == "user_plan":
        yield from people.filter(pk=user_id)
    else:
        owners = Workspace.objects.filter(pk=workspace_id).values("owner_id")
        yield from people.filter(pk__in=owners)


def _tell(reader: User, workspace_id: int | None, unit: str, percent: int) -> None:
    what = _("tokens") if unit == "tokens" else _("costs")
    news.tell(
        "quota_exhausted" if percent >= WHOLE else "quota_warning",
        user=reader,
        link=("usage", ""),
        workspace_id=workspace_id,
        dedup_key=f"quota:{workspace_id}:{unit}:{percent}",
        what=what,
        percent=f"{percent} %",
    )
