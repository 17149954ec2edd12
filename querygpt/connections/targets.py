"""A judged connection in the words of the drivers, its password opened."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from accounts import tenancy
from accounts.secrets import SecretUnreadable
from accounts.tenancy import Context
from laojun import configs, files
from laojun.models import File
from querygpt.connections import options, secrets
from querygpt.connections.checking import ConnectionRefused, check
from querygpt.connections.files import local_path
from querygpt.drivers.base import Target
from querygpt.models import Connection

PRIVILEGED = "querygpt.allow_privileged_roles"
MAX_AUTHORITY_BYTES = 64 * 1024


@dataclass(frozen=True)
class Use:
    """Who asks a connection, for the rules that depend on the workspace."""

    workspace_id: int
    user_id: Any = None

    @property
    def context(self) -> Context:
        return Context(user_id=self.user_id, workspace_id=self.workspace_id)


def target_of(connection: Connection, *, use: Use, password: str | None = None) -> dict[str, Any]:
    """What a child needs to connect. Judged anew at every call, the name looked up again.

    `password` stands for one that is not saved yet. Raises ConnectionRefused, with `secret_unreadable` for a
    password that does not open. Outside any transaction.
    """
    with tenancy.adopted(use.context):
        with tenancy.entered(use.context):
            lifted = is_lifted(connection)
            authority = _authority(connection)
        if connection.is_file:
            with tenancy.entered(use.context):
                destination = check(connection)
                assert destination.file is not None  # noqa: S101
                path = local_path(destination.file, driver=connection.driver)
            return asdict(Target(driver=connection.driver, path=str(path)))
        destination = check(connection)
    return asdict(
        Target(
            driver=connection.driver,
            address=destination.address,
            host=destination.host,
            port=destination.port,
            username=connection.username,
            password=_password(connection) if password is None else password,
            database=connection.database_name,
            tls=connection.tls_mode,
            ca=authority,
            schemas=list(connection.extra_options.get("schemas", [])),
            may_be_privileged=lifted,
        )
    )


def is_lifted(connection: Connection) -> bool:
    """Whether an operator accepts that this connection's role may more than read."""
    listed = str(configs.value(PRIVILEGED) or "").replace(",", " ").split()
    return str(connection.pk) in listed


def _password(connection: Connection) -> str:
    try:
        return secrets.opened(connection)
    except SecretUnreadable as error:
        raise ConnectionRefused("secret_unreadable", "password") from error


def _authority(connection: Connection) -> str:
    """PEM text of the file that vouches for the server; empty without one."""
    number = connection.extra_options.get(options.AUTHORITY.get(connection.driver, ""), "")
    if not number:
        return ""
    found = File.objects.filter(
        pk=number, workspace_id=connection.workspace_id, state=File.State.STORED
    ).first()
    if found is None or found.file_size > MAX_AUTHORITY_BYTES:
        raise ConnectionRefused("connection_invalid", "extra_options")
    try:
        return files.read(found).decode("ascii")
    except (files.ContentMissing, UnicodeDecodeError) as error:
        raise ConnectionRefused("connection_invalid", "extra_options") from error
