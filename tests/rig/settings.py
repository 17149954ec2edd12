"""The product's settings and one more app: task kinds that misbehave on purpose, replies that dawdle."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS, MIDDLEWARE, STORAGES

INSTALLED_APPS = ["tests.rig", *INSTALLED_APPS]
MIDDLEWARE = ["tests.rig.middleware.Dawdle", *MIDDLEWARE]
# Pages are rendered without collecting static files first.
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
