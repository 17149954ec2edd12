"""Names below `rig.test` are this machine, for programs that may only be given a name."""

import socket
from typing import Any

OWN = ".rig.test"
_real = socket.getaddrinfo


def install() -> None:
    socket.getaddrinfo = _looked_up


def _looked_up(host: Any, *arguments: Any, **options: Any) -> Any:
    ours = isinstance(host, str) and host.endswith(OWN)
    return _real("127.0.0.1" if ours else host, *arguments, **options)
