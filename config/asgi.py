"""The ASGI application: streams hold no worker and no database connection while they wait."""

import gc
import os

import django

# What is imported here stays: collecting it again and again would only delay the start.
gc.disable()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from accounts.web.bodylimit import BodyLimit  # noqa: E402
from accounts.web.outside import Handler  # noqa: E402
from laojun.plugins import starting  # noqa: E402

starting.begin()
application = BodyLimit(Handler())  # type: ignore[arg-type]
gc.freeze()
gc.enable()
