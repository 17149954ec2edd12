"""What a program must have proven lately, as pages ask for the password once more."""

from django.utils import timezone

from accounts import sessions
from accounts.web.problems import Refused
from accounts.web.views import ApiView


def fresh(view: ApiView) -> None:
    """Refuse (`reauth_required`) unless the person proved who they are within the last ten minutes."""
    if not sessions.is_fresh(view.principal.session_id, now=timezone.now()):
        raise Refused("reauth_required")
