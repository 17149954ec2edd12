"""A process begins: what it may run is verified first, and what is not yet verified waits.

Two seconds are given to it, never more; the rest goes on beside the work, each plugin held off until it was
judged, by this process or by another one since. Nothing here can keep a process from starting.
"""

import logging
import threading
from datetime import datetime

from django.db import close_old_connections
from django.utils import timezone

from accounts import tenancy
from laojun.models import PluginInstance, PluginVersion
from laojun.plugins import scanning

PATIENCE_S = 2.0
REASON = "plugins at the start of a process"
logger = logging.getLogger(__name__)
_began: datetime | None = None


def begin(*, patience_s: float = PATIENCE_S) -> threading.Thread:
    """A process that serves begins: what is pinned is verified, and nobody waits longer than `patience_s` for it."""
    mark()
    thread = verify_beside()
    thread.join(patience_s)
    return thread


def mark() -> None:
    """From now on a version runs in this process and its children once it was judged after this moment."""
    global _began
    _began = timezone.now()


def verify_beside() -> threading.Thread:
    """Judge what waits since `mark`, beside the work of this process."""
    began = _began or timezone.now()
    thread = threading.Thread(target=_verify_pinned, args=(began,), name="plugins", daemon=True)
    thread.start()
    return thread


def cleared(version: PluginVersion) -> bool:
    """Whether a version was judged since this process began; always so in one that never began."""
    return _began is None or (version.verified_at is not None and version.verified_at >= _began)


def _verify_pinned(began: datetime) -> None:
    try:
        for pk in _pinned(began):
            try:
                scanning.verify_one(pk)
            except Exception:
                logger.exception("plugin version could not be verified id=%s", pk)
    except Exception:
        logger.exception("plugins could not be verified")
    finally:
        close_old_connections()


def _pinned(began: datetime) -> list[int]:
    """The versions somebody runs and nobody judged since; the platform's own rows come first into being."""
    with tenancy.platform_scope(reason=REASON):
        scanning.register_builtins()
        pinned = PluginInstance.objects.filter(enabled=True).values("version_id")
        waiting = PluginVersion.objects.filter(pk__in=pinned).exclude(verified_at__gte=began)
        return list(waiting.order_by("pk").values_list("pk", flat=True))
