"""The ASGI application: streams hold no worker and no database connection while they wait."""

import os

from django.core.asgi import get_asgi_application

from accounts.web.bodylimit import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = BodyLimit(get_asgi_application())  # type: ignore[arg-type]
