"""News for one person: in the application's list and by mail, each unless they do without it."""

from typing import Any

from accounts import mail, notices
from accounts.models import User

# Every letter about workspaces is of this kind of notice.
WORKSPACES = "workspaces"


def tell(*, user: User, type: str, path: str = "/", **facts: Any) -> None:
    """Let somebody know in their language. `type` names the letter, `path` the page that shows more."""
    notices.tell(user=user, notice=WORKSPACES, params={"type": type, **facts}, link=path)
    mail.send(type, user=user, url=mail.public(path), **facts)
