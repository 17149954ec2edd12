"""Chapters written one after the other: each is there before the next begins, and none is written twice."""

from studio.batches.deciding import (
    BatchMoved,
    BatchRefused,
    NoChapters,
    WorkBusy,
    cancel,
    pause,
    resume,
    skip,
    start,
)

__all__ = [
    "BatchMoved",
    "BatchRefused",
    "NoChapters",
    "WorkBusy",
    "cancel",
    "pause",
    "resume",
    "skip",
    "start",
]
