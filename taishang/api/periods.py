"""Days and moments that a query names."""

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.web.problems import Invalid, field_error
from taishang.usage.recording import day_of

USUAL_DAYS = 30
MOST_DAYS = 366


def moment(text: str, name: str) -> datetime:
    """A day or a time, of the platform's zone where it names none. Raises Invalid."""
    try:
        found = parse_datetime(text)
        day = parse_date(text) if found is None else None
    except ValueError:
        found = day = None
    if day is not None:
        found = datetime.combine(day, datetime.min.time())
    if found is None:
        raise Invalid([field_error(name, "invalid", _("A day or a time of ISO 8601."))])
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def days(request: Request) -> tuple[date, date]:
    """The first and the last day of `from` and `to`; without them the last 30 days. Raises Invalid."""
    today = day_of(timezone.now())
    last = _day(request, "to", today)
    first = _day(request, "from", last - timedelta(days=USUAL_DAYS - 1))
    if not timedelta(0) <= last - first <= timedelta(days=MOST_DAYS):
        message = _("At most %(most)d days, the first before the last.") % {"most": MOST_DAYS}
        raise Invalid([field_error("from", "invalid_range", message)])
    return first, last


def _day(request: Request, name: str, usual: date) -> date:
    if name not in request.GET:
        return usual
    try:
        found = parse_date(request.GET[name])
    except ValueError:
        found = None
    if found is None or found.year < 2000 or found.year > 9000:
        raise Invalid([field_error(name, "invalid", _("A day of ISO 8601."))])
    return found
