"""Ends of calls that the database could not take for a minute: one file each, replayed at the next start or sweep.

A file holds the call's row and its outcome with the text that arrived; mode 600, below the data directory.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, InterfaceError

from laojun import durable
from taishang.gateway import ledger
from taishang.gateway.database import place
from taishang.gateway.ledger import Outcome
from taishang.models import ModelCall
from taishang.models.stored import from_json

FOLDER = "settlements"
MOMENTS = ("first_token_at", "completed_at")
logger = logging.getLogger(__name__)


def keep(call: ModelCall, outcome: Outcome) -> Path:
    """Put an end on the disk. A second one of the same call replaces the first."""
    row = {
        field.attname: getattr(call, field.attname)
        for field in ModelCall._meta.concrete_fields
        if field.attname != "lease_until"
    }
    path = _folder() / f"{call.id}.json"
    previous = os.umask(0o077)
    try:
        with durable.whole(path) as file:
            file.write(orjson.dumps({"call": row, "outcome": asdict(outcome)}, default=str))
    finally:
        os.umask(previous)
    logger.error("settlement kept in a file call=%s", call.id)
    return path


def replay() -> int:
    """Settle what waits in files; returns how many were. A file that cannot be read is set aside by its name."""
    done = 0
    for path in _waiting():
        try:
            call, outcome = _read(path)
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            logger.exception("settlement unreadable file=%s", path.name)
            path.rename(path.with_suffix(".unreadable"))
            continue
        try:
            with place(call.workspace_id, call.user_id):
                payer = ledger.payer_of(call)
            ledger.settle(call=call, payer=payer, outcome=outcome)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("settlement still waits call=%s error=%s", call.id, type(error).__name__)
            continue
        path.unlink(missing_ok=True)
        done += 1
    return done


def _waiting() -> Iterator[Path]:
    folder = _folder()
    return iter(sorted(folder.glob("*.json")) if folder.is_dir() else [])


def _read(path: Path) -> tuple[ModelCall, Outcome]:
    stored = orjson.loads(path.read_bytes())
    return from_json(ModelCall, stored["call"]), _outcome(stored["outcome"])


def _outcome(values: dict[str, Any]) -> Outcome:
    moments = {
        name: datetime.fromisoformat(values[name]) if values[name] else None for name in MOMENTS
    }
    return Outcome(**{**values, **moments})


def _folder() -> Path:
    return Path(settings.DATA_DIR) / FOLDER
