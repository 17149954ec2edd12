"""May this connection be made? One function, asked when it is saved, tried, read, and before every run."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Q

from laojun import addresses, configs
from laojun.destinations import BlockedAddress, Resolver, resolve, system_resolver
from querygpt.connections import options
from querygpt.models import Connection, ConnectionFile
from querygpt.models.connection import FILE_DRIVERS, NETWORK_DRIVERS

PURPOSE = "database"
PORTS = {"postgresql": 5432, "mysql": 3306}
LOW_PORTS = "querygpt.low_ports"
FIRST_HIGH_PORT = 1024
_ODD_HOST = re.compile(r"[\s,@/\\?#%=;\x00-\x20\x7f]")
_ODD_DATABASE = re.compile(r"[=\x00-\x1f\x7f]|://")
_ODD_USERNAME = re.compile(r"[\x00-\x1f\x7f]")
_ODD_FILE = re.compile(r"[/\\%:?#\x00-\x1f\x7f]|\.\.")


class ConnectionRefused(Exception):
    """This connection may not be made. `code` is a registered problem, `field` the column at fault.

    `reason` is for operators.
    """

    def __init__(self, code: str, field: str, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.reason = reason


@dataclass(frozen=True)
class Destination:
    """Where a judged connection goes: a file that an import made ready, or a host with the address to dial."""

    file: ConnectionFile | None = None
    host: str = ""
    address: str = ""
    port: int = 0


def check(connection: Connection, *, resolver: Resolver = system_resolver) -> Destination:
    """Judge every part of a connection, whatever door wrote it. Looks its host's name up.

    Raises ConnectionRefused. Never inside a transaction: it waits for the name service.
    """
    check_parts(connection)
    if connection.driver in FILE_DRIVERS:
        return Destination(file=_file(connection))
    return _host(connection, resolver)


def check_parts(connection: Connection) -> None:
    """What can be judged without asking anybody. Raises ConnectionRefused."""
    judges: dict[str, Callable[[Connection], None]] = {
        **dict.fromkeys(NETWORK_DRIVERS, _check_network),
        **dict.fromkeys(FILE_DRIVERS, _check_file),
    }
    judge = judges.get(connection.driver)
    if judge is None:
        raise ConnectionRefused("driver_unknown", "driver")
    if connection.tls_mode not in Connection.TlsMode.values:
        raise ConnectionRefused("connection_invalid", "tls_mode")
    fault = options.fault(connection.driver, connection.extra_options)
    if fault is not None:
        raise ConnectionRefused("option_not_allowed", fault)
    judge(connection)


def low_ports() -> frozenset[int]:
    """Ports below 1024 that an operator listed."""
    listed = str(configs.value(LOW_PORTS) or "")
    return frozenset(int(part) for part in re.findall(r"\d+", listed))


def _check_network(connection: Connection) -> None:
    if not connection.host or _ODD_HOST.search(connection.host):
        raise ConnectionRefused("blocked_address", "host", "not written as a host is written")
    if not connection.username or _ODD_USERNAME.search(connection.username):
        raise ConnectionRefused("connection_invalid", "username")
    name = connection.database_name
    if not name or _ODD_DATABASE.search(name) or name != name.strip():
        raise ConnectionRefused("connection_invalid", "database_name")
    port = _port(connection)
    if not 1 <= port <= 65535:
        raise ConnectionRefused("connection_invalid", "port")
    if port < FIRST_HIGH_PORT and port not in low_ports():
        raise ConnectionRefused("blocked_address", "port", "a port below 1024 that nobody listed")


def _check_file(connection: Connection) -> None:
    name = connection.database_name
    if not name or _ODD_FILE.search(name) or "memory" in name.lower() or name != name.strip():
        raise ConnectionRefused("sqlite_path_forbidden", "database_name")
    for column in ("host", "port", "username", "password_encrypted"):
        if getattr(connection, column):
            raise ConnectionRefused("connection_invalid", column)


def _file(connection: Connection) -> ConnectionFile:
    """The ready file of this workspace that the connection names."""
    ready = ConnectionFile.objects.ready().filter(workspace_id=connection.workspace_id)
    named = ready.filter(table_name=connection.database_name, connection__driver=connection.driver)
    own = Q(connection_id=connection.pk)
    # Its person's other files, and those of connections that everybody here may ask.
    lent = Q(connection__deleted_at__isnull=True) & (
        Q(connection__user_id=connection.user_id)
        | Q(connection__visibility=Connection.Visibility.WORKSPACE)
    )
    found = named.filter(own).first() or named.filter(lent).order_by("created_at").first()
    if found is None:
        raise ConnectionRefused("sqlite_path_forbidden", "database_name", "no such file is ready")
    return found


def _host(connection: Connection, resolver: Resolver) -> Destination:
    port = _port(connection)
    try:
        target = resolve(connection.host, port, PURPOSE, resolver=resolver)
    except BlockedAddress as blocked:
        raise ConnectionRefused("blocked_address", "host", blocked.reason) from blocked
    is_inside = partial(_is_opened, target.addresses)
    if connection.tls_mode == Connection.TlsMode.OFF and not is_inside():
        raise ConnectionRefused("tls_required", "tls_mode")
    return Destination(host=target.name, address=target.addresses[0], port=port)


def _is_opened(found: tuple[str, ...]) -> bool:
    """Whether only an operator's rule leads there: what is not public by itself."""
    return all(addresses.refusal(ipaddress.ip_address(one)) is not None for one in found)


def _port(connection: Connection) -> int:
    port: Any = connection.port if connection.port is not None else PORTS[connection.driver]
    return int(port)
