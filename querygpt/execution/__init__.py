"""Running statements against lent databases: in children that can be killed, in turn, within limits, on record."""

from querygpt.execution.running import (
    IntrospectionFailed,
    Ran,
    ResultColumn,
    TransactionOpen,
    Verdict,
    formatted,
    introspect,
    probe,
    run,
    verdict,
)
from querygpt.execution.stopping import cancel

__all__ = [
    "IntrospectionFailed",
    "Ran",
    "ResultColumn",
    "TransactionOpen",
    "Verdict",
    "cancel",
    "formatted",
    "introspect",
    "probe",
    "run",
    "verdict",
]
