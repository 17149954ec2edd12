"""What this installation asks of signatures, as its operators set it."""

import re

from laojun import configs
from laojun.plugins.verdicts import Policy

POLICY, ALLOWED = "plugins.signature_policy", "plugins.allowed_unsigned"
MAX_PACKAGE = "plugins.max_package_bytes"
ALLOWED_SHAPE = re.compile(r"[a-z][a-z0-9_-]{1,63}@[0-9a-f]{64}")


def current() -> Policy:
    return Policy(configs.value(POLICY), frozenset(configs.value(ALLOWED)))
