"""A person's own profile and settings."""

from datetime import datetime
from typing import Any

from accounts import signals
from accounts.models import Profile, User, UserSettings

# The value goes into a style by script: names of fonts, nothing that could be more.
FONT_FAMILY = r"^(?:[^\W\d_]|[ ,'\"-]){1,100}$"


def change_profile(*, profile: Profile, fields: dict[str, Any]) -> Profile:
    """Change what others see of a person. `fields` are checked; only named columns are written.

    The log keeps which fields changed and not what they say: it cannot forget, and a person may want it to.
    """
    changed = sorted(name for name, value in fields.items() if getattr(profile, name) != value)
    for name, value in fields.items():
        setattr(profile, name, value)
    profile.save(update_fields=[*fields, "updated_at"])
    profile.refresh_from_db(fields=["version"])
    signals.account_event.send(
        sender=Profile,
        user=profile.user,
        by=profile.user,
        action="user.profile_changed",
        details={"fields": changed},
    )
    return profile


def change_settings(
    *, user: User, fields: dict[str, Any], changed_at: datetime | None = None
) -> UserSettings:
    """Change preferences field by field; the last writer of a field wins.

    `changed_at` is when the person did it by their own clock: kept in the audit log, it decides nothing.
    """
    settings = UserSettings.objects.select_for_update().get(user=user)
    before = {name: getattr(settings, name) for name in fields}
    for name, value in fields.items():
        setattr(settings, name, value)
    settings.save(update_fields=[*fields, "updated_at"])
    settings.refresh_from_db(fields=["version"])
    signals.settings_changed.send(
        sender=UserSettings, user=user, before=before, after=fields, changed_at=changed_at
    )
    return settings
