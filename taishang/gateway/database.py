"""The gateway's way to the database: short transactions in threads of its own, no connection kept in between."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

from django.db import connection

from accounts import tenancy
from accounts.tenancy import Context
from taishang.gateway.refusals import NetworkInTransaction

THREADS = 8
REASON = "model call of the platform"
Result = TypeVar("Result")
_threads: list[ThreadPoolExecutor] = []
os.register_at_fork(after_in_child=_threads.clear)


def refuse_open_transaction() -> None:
    """Raises NetworkInTransaction, in every environment."""
    if connection.in_atomic_block:
        raise NetworkInTransaction


async def asking(function: Callable[[], Result]) -> Result:
    """Run a synchronous function in a database thread and give its connection back."""
    if not _threads:
        _threads.append(ThreadPoolExecutor(THREADS, thread_name_prefix="gateway-database"))
    return await asyncio.get_running_loop().run_in_executor(_threads[0], _released, function)


@contextmanager
def place(workspace_id: int | None, user_id: UUID | None) -> Iterator[None]:
    """A transaction in the workspace of a call, or in the platform's own place."""
    if workspace_id is None:
        with tenancy.platform_scope(reason=REASON):
            yield
    else:
        with tenancy.entered(Context(user_id=user_id, workspace_id=workspace_id)):
            yield


def _released(function: Callable[[], Result]) -> Result:
    try:
        return function()
    finally:
        connection.close()
