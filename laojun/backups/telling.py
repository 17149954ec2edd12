"""Tell the operators what needs them."""

from typing import Any

from accounts import registry
from accounts.models import User


def operators(type: str, **params: Any) -> int:
    """A notice to everybody who operates the platform; without a notifier the console's tile says it alone.

    While one of this type is unread it is not repeated. Returns how many were told.
    """
    if registry.notify.function is None:
        return 0
    staff = list(User.objects.filter(is_staff=True, status=User.Status.ACTIVE))
    for user in staff:
        registry.notify(user=user, type=type, params=params, dedup_key=type)
    return len(staff)
