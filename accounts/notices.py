"""News for one person: in the product where something shows it, and by mail."""

from typing import Any

from django.conf import settings

from accounts import mail, registry
from accounts.models import User, UserSettings


def tell(*, user: User, type: str, path: str = "/", **facts: Any) -> None:
    """Let somebody know in their language. `type` names the text, `path` the page that shows more."""
    found = UserSettings.objects.filter(user=user).values_list("language", flat=True).first()
    if registry.notify.function is not None:
        registry.notify(user=user, type=type, params=facts, link=path)
    mail.queue(
        to=user.email,
        template=type,
        context={**facts, "name": user.username, "link": f"{settings.PUBLIC_URL}{path}"},
        language=found or UserSettings.Language.CHINESE,
        user_id=user.pk,
    )
