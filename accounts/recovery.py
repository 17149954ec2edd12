"""Getting back in: a new password by mail, and shutting out whoever came in instead."""

import json
from typing import Any

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction

from accounts import identity, mail, registry, secrets, sessions, signals
from accounts.ids import uuid7
from accounts.models import Session, User

KIND = "accounts.reset_password"


def ask(*, login: str) -> None:
    """Ask for a letter with a reset link. The worker looks whether anybody has this address.

    So the request does the same work, in the same time, for known and for unknown ones.
    """
    number = str(uuid7())
    content = secrets.seal(json.dumps({"login": login}), place=_place(number))
    registry.enqueue(kind=KIND, payload={"id": number, "content": content})


def run(payload: dict[str, Any]) -> None:
    """The worker's side of `ask`: a letter to the stored address, or nothing."""
    content = json.loads(secrets.unseal(payload["content"], place=_place(payload["id"])))
    with transaction.atomic():
        user = identity.find(content["login"])
        if user is not None and user.status in (User.Status.PENDING, User.Status.ACTIVE):
            send_link(user=user)


def send_link(*, user: User) -> None:
    """Mail a link that sets a new password: for an hour, once, since it depends on the present password."""
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    url = mail.address_of("account_reset_password_from_key", user_pk_to_url_str(user), token)
    mail.send("reset", user=user, url=url)


def send_for(*, user: User, reason: str, by: User) -> None:
    """An operator has the link sent; nobody but its owner ever sees it."""
    if not user.is_active:
        return
    send_link(user=user)
    signals.account_event.send(
        sender=User, user=user, action="auth.reset_sent", by=by, details={"reason": reason}
    )


def disown(*, session: Session) -> None:
    """Somebody else signed in: end all sessions, make the password useless, and mail a link to a new one."""
    user = session.user
    user.set_unusable_password()
    user.save(update_fields=["password"])
    sessions.end_all(user=user, reason=Session.Reason.REVOKED, by=user, note="not me")
    signals.account_event.send(sender=User, user=user, action="auth.disowned", by=user)
    send_link(user=user)


def _place(number: str) -> str:
    return f"tai_tasks.payload:{number}"
