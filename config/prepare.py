"""`python -m config.prepare`: bring servers of the operator's own up to this code. Safe to repeat, one at a time.

With `DATABASE_ADMIN_URL` it makes what is missing of roles, database and extension first; migrations follow as the owner.
"""

import os

import django
from django.conf import settings
from django.core.management import call_command

from config import embedded


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if settings.DATABASE_ADMIN_URL:
        embedded.prepare_database(str(settings.DATABASES["default"]["NAME"]))
    django.setup()
    call_command("migrate", database="owner")
    call_command("feed_reset", if_needed=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
