"""Who takes the text of a call that ended without its caller: a receiver for each kind of thing that calls are about."""

from __future__ import annotations

from collections.abc import Callable

from accounts.registry import Store
from taishang.models import ModelCall

# Kind of subject → receiver(call, text), run in the transaction that settles the call.
Receiver = Callable[[ModelCall, str], None]
receivers: Store[Receiver] = Store("call_subjects")
