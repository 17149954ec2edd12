"""The ASGI application: streams hold no worker and no database connection while they wait."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_asgi_application()

from accounts.web.bodylimit import BodyLimit  # noqa: E402
from laojun.plugins import starting  # noqa: E402

starting.begin()
application = BodyLimit(_django)  # type: ignore[arg-type]
