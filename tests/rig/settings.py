"""The product's settings with services to sign in by, and one more app: task kinds that misbehave on purpose."""

import os

for _service in ("GITHUB", "GOOGLE", "WEIXIN"):
    os.environ.setdefault(f"{_service}_CLIENT_ID", f"id-of-{_service.lower()}")
    os.environ.setdefault(f"{_service}_CLIENT_SECRET", f"secret-of-{_service.lower()}")

from config.settings import *  # noqa: E402, F403
from config.settings import INSTALLED_APPS  # noqa: E402

INSTALLED_APPS = ["tests.rig", *INSTALLED_APPS]
