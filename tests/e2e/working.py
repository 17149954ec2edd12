"""A worker on the database, key prefix and files that a journey names: `python -m tests.e2e.working --slots 1`."""

import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
for _database in settings.DATABASES.values():
    _database["NAME"] = os.environ.get("E2E_DATABASE", _database["NAME"])
_files = settings.STORAGES["default"]["OPTIONS"]
_files["location"] = Path(os.environ.get("E2E_FILES", _files["location"]))
settings.AUDIT_ANCHORS_DIR = (
    settings.DATA_DIR / "tmp" / "anchors" / settings.DATABASES["default"]["NAME"]
)
settings.CACHES["default"]["KEY_PREFIX"] = os.environ.get("E2E_PREFIX", settings.CACHE_PREFIX)
django.setup()

if __name__ == "__main__":
    call_command("worker", *sys.argv[1:])
