"""Tiles of the console about what is kept: the last good backup, its drill, room on the disk, lost months, files."""

from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from laojun.backups import timetable
from laojun.models import Backup, FileUsage
from laojun.retention import partitions

DRILL_LATE = timedelta(days=8)


def backup() -> dict[str, Any]:
    """How long ago the last good backup began; red after 26 hours."""
    now, url = timezone.now(), reverse("admin:laojun_backup_changelist")
    last = Backup.objects.good().first()
    failed = Backup.objects.order_by("-started_at").first()
    note = _("the newest one failed") if failed and failed.state == Backup.State.FAILED else ""
    if last is None:
        return {"value": _("none"), "note": note or _("make one"), "state": "warn", "url": url}
    late = last.started_at < now - timetable.LATE_AFTER
    state = "bad" if late else "warn" if note else "good"
    note = note or str(filesizeformat(last.total_bytes))
    return {
        "value": timesince(last.started_at, now, depth=1),
        "note": note,
        "state": state,
        "url": url,
    }


def drill() -> dict[str, Any]:
    """Whether the last drill proved its backup."""
    now, url = timezone.now(), reverse("admin:laojun_backup_changelist")
    last = Backup.objects.filter(drilled_at__isnull=False).order_by("-drilled_at").first()
    if last is None or last.drilled_at is None:
        return {"value": _("never"), "note": _("drill one"), "state": "warn", "url": url}
    ok = bool(last.drill_result.get("ok"))
    late = last.drilled_at < now - DRILL_LATE
    return {
        "value": _("restores") if ok else _("failed"),
        "note": timesince(last.drilled_at, now, depth=1),
        "state": "bad" if not ok else "warn" if late else "good",
        "url": url,
    }


def disk() -> dict[str, Any]:
    """Room where backups stand, or where everything stands."""
    share = timetable.disk_share()
    return {
        "value": f"{share * 100:.0f} %",
        "note": _("red below %(share)d %%") % {"share": timetable.LOW_SHARE * 100},
        "state": "bad" if share < timetable.LOW_SHARE else "good",
        "url": reverse("admin:laojun_backup_changelist"),
    }


def waiting_rows() -> dict[str, Any]:
    """Rows that no month was made for; the next night moves them."""
    count = sum(partitions.waiting_rows().values())
    return {
        "value": count,
        "note": _("moved tonight") if count else _("every row has its month"),
        "state": "warn" if count else "good",
        "url": reverse("admin:laojun_archive_changelist"),
    }


def storage() -> dict[str, Any]:
    """Bytes of all workspaces, and the one that holds most."""
    usage = FileUsage.objects.filter(user=None)
    total = usage.aggregate(total=Sum("bytes"))["total"] or 0
    most = usage.select_related("workspace").order_by("-bytes").first()
    note = f"{most.workspace}: {filesizeformat(most.bytes)}" if most and most.bytes else ""
    return {"value": filesizeformat(total), "note": note, "url": reverse("admin:laojun_file_usage")}
