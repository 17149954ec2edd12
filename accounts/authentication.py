"""Who sends this request, into which workspace: one statement that also sets the database's context."""

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from accounts import api_keys, permissions, tokens
from accounts.models import User
from accounts.tenancy import Context

WORKSPACE_SESSION_KEY = "workspace"
USER_COLUMNS = (
    "email",
    "username",
    "status",
    "is_active",
    "is_staff",
    "is_superuser",
    "plan",
    "subscription_expires_at",
)
STATEMENT = "SELECT * FROM accounts_authenticate(%s, %s, %s, %s)"


@dataclass
class Principal:
    """The person or program behind a request, and what it may do in the workspace it named.

    `problem` is the code of a refused credential: pages treat it as anonymous, the API answers 401 or 404.
    """

    kind: str = "anonymous"
    user: User | None = None
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    scopes: frozenset[str] | None = None
    workspace_id: int | None = None
    workspace_status: str | None = None
    is_owner: bool = False
    versions: str = ""
    language: str | None = None
    problem: str | None = None
    context: Context = field(default_factory=Context)
    _held: frozenset[str] | None = None

    @property
    def is_authenticated(self) -> bool:
        return self.user is not None

    @property
    def actor(self) -> str:
        """The immutable name that audit rows and idempotency keys carry."""
        if self.api_key_id:
            return f"key:{self.api_key_id}"
        return f"user:{self.user.id}" if self.user else "anonymous"

    def permissions(self) -> frozenset[str]:
        """What this request may do here: the person's rights, narrowed to the key's scopes."""
        if self.user is None or self.workspace_id is None:
            return frozenset()
        if self._held is None:
            held = permissions.held(
                user_id=self.user.id,
                workspace_id=self.workspace_id,
                is_owner=self.is_owner,
                versions=self.versions,
            )
            self._held = held if self.scopes is None else held & self.scopes
        return self._held

    def may(self, key: str) -> bool:
        return key in self.permissions()


ANONYMOUS = Principal()


@dataclass(frozen=True)
class Credential:
    """What was shown: `kind` browser, access or key; `value` a session id or a hash."""

    kind: str
    value: str
    token_version: int = 0


def authenticate(request: HttpRequest) -> Principal:
    """Read the credential, ask the database once, and leave `app.user_id` and `app.workspace_id` set."""
    header = request.headers.get("Authorization", "")
    if header:
        credential = _from_header(header)
        if credential is None:
            return Principal(problem="token_invalid")
        wanted, problem = _wanted_workspace(request)
        return _resolve(credential, wanted, problem=problem)
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return Principal()
    credential = Credential("browser", session_hash(key).hex())
    if request.headers.get("X-Workspace-Id"):
        wanted, problem = _wanted_workspace(request)
    else:
        wanted, problem = request.session.get(WORKSPACE_SESSION_KEY), None
    return _resolve(credential, wanted, problem=problem)


def session_hash(session_key: str) -> bytes:
    return hashlib.sha256(session_key.encode()).digest()


def _from_header(header: str) -> Credential | None:
    scheme, _space, value = header.partition(" ")
    if scheme.lower() != "bearer" or not value:
        return None
    if api_keys.looks_like_one(value):
        hashed = api_keys.hashed(value)
        return Credential("key", hashed) if hashed else None
    claims = tokens.read_access(value)
    return Credential("access", claims.session_id, claims.token_version) if claims else None


def _wanted_workspace(request: HttpRequest) -> tuple[int | None, str | None]:
    """The workspace of `X-Workspace-Id`; anything but one decimal number ≥ 1 is not found."""
    named = request.headers.get("X-Workspace-Id")
    if named is None:
        return None, None
    if named.isascii() and named.isdigit() and len(named) <= 18 and int(named) >= 1:
        return int(named), None
    return None, "not_found"


def _resolve(credential: Credential, wanted: int | None, *, problem: str | None) -> Principal:
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENT, [credential.kind, credential.value, credential.token_version, wanted]
        )
        columns = [column.name for column in cursor.description or []]
        row = cursor.fetchone()
    if row is None:
        return Principal(problem="token_invalid" if credential.kind != "browser" else None)
    return _principal(credential, wanted, dict(zip(columns, row, strict=True)), problem)


def _principal(
    credential: Credential, wanted: int | None, found: dict[str, Any], problem: str | None
) -> Principal:
    columns = [name for name in USER_COLUMNS if name in found]
    user = User.from_db("default", ["id", *columns], [found["user_id"], *map(found.get, columns)])
    workspace_id = found["workspace_id"]
    if credential.kind != "browser" and wanted is not None and workspace_id != wanted:
        problem = "not_found"
    return Principal(
        kind=credential.kind,
        user=user,
        session_id=found["session_id"],
        api_key_id=found["api_key_id"],
        scopes=None if found["scopes"] is None else frozenset(found["scopes"]),
        workspace_id=workspace_id,
        workspace_status=found["workspace_status"],
        is_owner=bool(found["is_owner"]),
        versions=f"{found['workspace_authz']}.{found['user_authz']}",
        language=found["language"],
        problem=problem,
        context=Context(user_id=found["user_id"], workspace_id=workspace_id),
    )
