"""The application as it is served, on the database, key prefix, files and static files that a journey names."""

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
for _database in settings.DATABASES.values():
    _database["NAME"] = os.environ.get("E2E_DATABASE", _database["NAME"])
settings.CACHES["default"]["KEY_PREFIX"] = os.environ.get("E2E_PREFIX", settings.CACHE_PREFIX)
settings.STATIC_ROOT = Path(os.environ["E2E_STATIC_ROOT"])
_files = settings.STORAGES["default"]["OPTIONS"]
_files["location"] = Path(os.environ.get("E2E_FILES", _files["location"]))
django.setup()
call_command("collectstatic", interactive=False, verbosity=0)

from config.asgi import application  # noqa: E402, F401
