"""What this app supplies to accounts: the guarded way out, and the place where people's pictures are kept."""

from uuid import UUID

from django.core.exceptions import ValidationError

from accounts import tenancy
from accounts.models import Membership, User
from accounts.registry import Exchange, Unreachable
from laojun import files, outbound
from laojun.files import Owner
from laojun.models import File
from laojun.outbound import BlockedAddress, Limits, OutboundFailed

SECONDS = 5.0
MAX_BYTES = 1024 * 1024
AVATAR = "avatar"


def exchange(*, url: str, method: str, headers: dict[str, str], content: bytes | None) -> Exchange:
    """One exchange with a service people sign in by, within five seconds. Raises Unreachable."""
    try:
        reply = outbound.fetch(
            url,
            purpose="oauth",
            method=method,
            headers=headers,
            content=content,
            limits=Limits(seconds=SECONDS, max_bytes=MAX_BYTES),
        )
    except (OutboundFailed, BlockedAddress) as error:
        raise Unreachable(type(error).__name__) from error
    named = {name.lower(): value for name, value in reply.headers.items()}
    return Exchange(reply.status, named, reply.body)


def keep_picture(*, user: User, content: bytes) -> UUID:
    """Keep a person's picture and let go of the one before. Raises what `files.store` raises."""
    owner = Owner(user.pk)
    with owner.envelope():
        before = list(_pictures(user.pk))
    kept = files.store(content=content, name="picture.png", purpose=AVATAR, owner=owner)
    with owner.envelope():
        for old in before:
            files.delete(old)
    return kept.id


def picture(*, id: str, viewer: User) -> bytes | None:
    """The bytes of a picture, for its person and for everybody who shares a workspace with them."""
    owner_id, _slash, file_id = id.partition("/")
    try:
        person, number = UUID(owner_id), UUID(file_id)
    except ValueError:
        return None
    if not _may_see(viewer, person):
        return None
    with Owner(person).envelope():
        try:
            found = _pictures(person).filter(pk=number).first()
        except ValidationError:
            return None
        return files.read(found) if found else None


def _pictures(user_id: UUID):  # type: ignore[no-untyped-def]
    stored = File.objects.filter(user_id=user_id, workspace_id=None, purpose=AVATAR)
    return stored.filter(state=File.State.STORED)


def _may_see(viewer: User, person: UUID) -> bool:
    if viewer.pk == person:
        return True
    shared = Membership.objects.visible_to(viewer).filter(user_id=person)
    return tenancy.current().user_id is not None and shared.exists()
