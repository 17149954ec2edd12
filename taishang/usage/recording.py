"""The day of use that a settled call belongs to, in the transaction that settles it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from taishang.models import ModelCall

ADD = "SELECT tai_usage_add(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
REFUSED = "SELECT tai_usage_refused(%s, %s, %s)"
NO_MODEL = "0"


def day_of(moment: datetime) -> date:
    """The day in the platform's zone."""
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def add(call: ModelCall) -> None:
    """One statement."""
    _run(
        ADD,
        call.workspace_id,
        call.user_id,
        call.stat_date,
        str(call.model_id or NO_MODEL),
        call.purpose,
        call.input_tokens,
        call.output_tokens,
        call.cost,
        int(call.status == ModelCall.Status.FAILED),
        int(call.is_cached),
    )


def refused(*, workspace_id: int | None, user_id: UUID | None, at: datetime) -> None:
    """A call that a limit turned away: counted, but no row of its own."""
    _run(REFUSED, workspace_id, user_id, day_of(at))


def _run(statement: str, *parameters: int | str | UUID | date | Decimal | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
