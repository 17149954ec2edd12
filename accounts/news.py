"""The one way to tell a person something: in the application's list and by mail, each unless they do without it."""

import re
from typing import Any

from django.urls import reverse

from accounts import mail, notices, registry
from accounts.models import User

Link = tuple[str, object]
NOWHERE: Link = ("", "")
LOCAL_PATH = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f\x7f]*")


class BadLink(ValueError):
    """Nobody knows this kind of thing, or its page is not a path of ours."""


def declare() -> None:
    registry.link_resolvers.add("security", lambda _id: reverse("security"))
    registry.link_resolvers.add("workspace", _page_of_workspace)
    registry.link_resolvers.add("second_factor", lambda _id: reverse("mfa_index"))


def tell(
    letter: str,
    *,
    user: User,
    link: Link = NOWHERE,
    url: str = "",
    to: str = "",
    workspace_id: int | None = None,
    dedup_key: str = "",
    **facts: Any,
) -> None:
    """Let somebody know, in their language, in the transaction of the deed.

    `letter` names what is said and `facts` fill its places; `link` is the thing it is about, as its kind and id,
    and `url` what only the mail may open. News of a workspace (`workspace_id`) are hidden from whoever leaves it.
    While an earlier one with the same `dedup_key` is unread, that one is counted up. Raises KeyError, BadLink.
    """
    note(letter, user=user, link=link, workspace_id=workspace_id, dedup_key=dedup_key, **facts)
    mail.send(letter, user=user, to=to, url=url or mail.public(path_of(link)), **facts)


def note(
    letter: str,
    *,
    user: User,
    link: Link = NOWHERE,
    workspace_id: int | None = None,
    dedup_key: str = "",
    **facts: Any,
) -> None:
    """The half of `tell` in the application, for news whose letter goes another way. Raises KeyError, BadLink."""
    if registry.notify.function is not None and _is_listed(letter, user):
        registry.notify(
            user=user,
            type=letter,
            params=facts,
            link_type=link[0],
            link_id=str(link[1]),
            dedup_key=dedup_key,
            workspace_id=workspace_id,
        )


def tell_operators(letter: str, *, permission: str, **options: Any) -> int:
    """Let every operator know who holds a permission on the platform. Returns how many they are."""
    staff = User.objects.able_to_sign_in().filter(is_staff=True)
    told = [person for person in staff if person.may_on_platform(permission)]
    for person in told:
        tell(letter, user=person, **options)
    return len(told)


def path_of(link: Link) -> str:
    """The page of a thing, as a path of ours whatever its id holds; "/" for nothing. Raises BadLink."""
    kind, number = link
    if not kind:
        return "/"
    resolve = registry.link_resolvers.get(kind)
    path = resolve(str(number)) if resolve else ""
    if not LOCAL_PATH.fullmatch(path):
        raise BadLink(kind)
    return path


def _is_listed(letter: str, user: User) -> bool:
    notice = registry.letters[letter].notice
    return not notice or notices.wish(user=user, notice=notice).in_app


def _page_of_workspace(page: str) -> str:
    return reverse("workspace_members" if page == "members" else "workspace")
