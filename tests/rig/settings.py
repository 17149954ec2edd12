"""The product's settings with services to sign in by, and one more app: misbehaving task kinds, dawdling replies."""

import os

for _service in ("GITHUB", "GOOGLE", "WEIXIN"):
    os.environ.setdefault(f"{_service}_CLIENT_ID", f"id-of-{_service.lower()}")
    os.environ.setdefault(f"{_service}_CLIENT_SECRET", f"secret-of-{_service.lower()}")

# Tests of the logs in the database switch them on.
os.environ.setdefault("LOG_TO_DATABASE", "false")

from config.settings import *  # noqa: E402, F403
from config.settings import DATA_DIR, INSTALLED_APPS, MIDDLEWARE, STORAGES  # noqa: E402

INSTALLED_APPS = ["tests.rig", *INSTALLED_APPS]
MIDDLEWARE = ["tests.rig.middleware.Dawdle", *MIDDLEWARE]
# Databases come and go here; each has a folder of its own for what it anchors.
AUDIT_ANCHORS_DIR = DATA_DIR / "tmp" / "anchors" / os.environ.get("DATABASE_NAME", "none")
# Pages are rendered without collecting static files first.
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
OFFER_TEST_PROVIDERS = True
