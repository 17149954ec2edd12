"""Figures on people for the operator's first screen, asked in the platform scope."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncHour
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import SignIn, User

HOURS = 24
# As many failures as successes, and more than people mistype, is somebody guessing.
SUSPICIOUS = 50


def users() -> dict[str, Any]:
    """How many people there are, and how many stand in a state that needs somebody."""
    states = dict(User.objects.order_by().values_list("status").annotate(Count("pk")))
    note = _("%(pending)d not confirmed, %(suspended)d suspended") % {
        "pending": states.get(User.Status.PENDING, 0),
        "suspended": states.get(User.Status.SUSPENDED, 0),
    }
    return {
        "value": states.get(User.Status.ACTIVE, 0),
        "note": note,
        "url": reverse("admin:accounts_user_changelist"),
    }


def sign_ins() -> dict[str, Any]:
    """Sign-ins of a day, and how many failed."""
    found = SignIn.objects.since(timezone.now() - timedelta(hours=HOURS)).aggregate(
        done=Count("pk", filter=Q(result=SignIn.Result.DONE)),
        failed=Count("pk", filter=Q(result=SignIn.Result.FAILED)),
    )
    suspicious = found["failed"] > max(SUSPICIOUS, found["done"])
    return {
        "value": found["done"],
        "note": _("%(failed)d failed") % {"failed": found["failed"]},
        "state": "bad" if suspicious else "good",
        "url": reverse("admin:accounts_session_changelist"),
    }


def sign_ins_by_hour() -> dict[str, Any]:
    """A point for each of the last 24 hours: sign-ins and failures."""
    end = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    hours = [end - timedelta(hours=ago) for ago in reversed(range(HOURS))]
    counted = (
        SignIn.objects.since(hours[0])
        .annotate(hour=TruncHour("created_at"))
        .values("hour", "result")
        .annotate(count=Count("pk"))
        .order_by()
    )
    points = {(row["hour"], row["result"]): row["count"] for row in counted}
    done = [points.get((hour, SignIn.Result.DONE), 0) for hour in hours]
    failed = [points.get((hour, SignIn.Result.FAILED), 0) for hour in hours]
    labels = [f"{hour:%H:00}" for hour in hours]
    return {
        "chart": {
            "kind": "bar",
            "labels": labels,
            "series": [
                {"name": _("Signed in"), "values": done},
                {"name": _("Failed"), "values": failed},
            ],
        },
        "rows": list(zip(labels, done, failed, strict=True)),
    }
