"""The product's settings and one more app: task kinds that misbehave on purpose."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = ["tests.rig", *INSTALLED_APPS]
