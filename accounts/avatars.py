"""Pictures of people: cropped to a square, drawn anew without what a camera wrote into them, kept by a port."""

import io

from django.db import transaction
from PIL import Image, ImageOps, UnidentifiedImageError

from accounts import preferences, registry, signals
from accounts.models import Profile, User

SIDE_PX = 256
MAX_BYTES = 5 * 1024 * 1024
# More than any camera takes; a small file can claim to be larger than the memory.
MAX_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
ADDRESS = "/avatars/"


class PictureUnreadable(Exception):
    """Not a picture of a kind we take, damaged, or absurdly large."""

    code = "picture_unreadable"


def change(*, user: User, content: bytes) -> str:
    """Make this the person's picture; returns its address. Raises PictureUnreadable."""
    number = registry.keep_picture(user=user, content=square(content))
    address = f"{ADDRESS}{user.pk}/{number}/"
    _write(user, address)
    return address


def remove(*, user: User) -> None:
    _write(user, "")


def square(content: bytes) -> bytes:
    """The middle of a picture as a PNG of 256 by 256 pixels, upright, without metadata. Raises PictureUnreadable."""
    if len(content) > MAX_BYTES:
        raise PictureUnreadable
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise PictureUnreadable
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise PictureUnreadable from error
    fitted = ImageOps.fit(upright, (SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    drawn = io.BytesIO()
    fitted.save(drawn, "PNG", optimize=True)
    return drawn.getvalue()


def _write(user: User, address: str) -> None:
    with transaction.atomic():
        profile = Profile.objects.select_for_update().get(user=user)
        preferences.change_profile(profile=profile, fields={"avatar_url": address})
        signals.account_event.send(sender=User, user=user, action="user.picture_changed", by=user)
