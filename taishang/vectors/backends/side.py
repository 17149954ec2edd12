"""The one process that holds Milvus Lite: whether it is wanted, and where it answers.

Its directory is locked for a single process, so web and worker processes reach it by address. Whoever makes the
first collection asks for it; the supervisor sees that and starts it.
"""

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings

REASON = "Milvus Lite starts with the first collection."


def installed() -> bool:
    return find_spec("milvus_lite") is not None


def folder() -> Path:
    return Path(settings.DATA_DIR) / "vectors" / "milvus"


def is_wanted() -> bool:
    """Whether the supervisor should keep it running."""
    return not settings.MILVUS_URI and folder().is_dir()


def want() -> None:
    """Ask for it; a cluster named by `MILVUS_URI` needs none."""
    if not settings.MILVUS_URI:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)


def address() -> str:
    """Its address, or '' while it does not run."""
    with suppress(OSError):
        return address_file().read_text(encoding="ascii").strip()
    return ""


def killed_file() -> Path:
    """There when it ended without closing its files; whoever compares the rows afterwards removes it."""
    return folder() / "killed"


def address_file() -> Path:
    return Path(settings.DATA_DIR) / "run" / "milvus.address"
