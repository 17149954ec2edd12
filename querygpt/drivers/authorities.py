"""Whose certificates count where a connection names no authority of its own: the machine's, or the shipped bundle."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import certifi


@cache
def bundled() -> str:
    """PEM text."""
    own = ssl.get_default_verify_paths().cafile
    return Path(own or certifi.where()).read_text()
