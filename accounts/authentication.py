"""Who sends this request, into which workspace: one statement that also sets the database's context."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest

from accounts import api_keys, permissions, sessions, tokens
from accounts.models import User
from accounts.tenancy import Context

WORKSPACE_SESSION_KEY = "workspace"
# What stands below a workspace in the address acts in that workspace.
WORKSPACE_PATH = re.compile(r"/api/v1/workspaces/([^/]+)/")
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
KEY_STATES = ("active", "suspended")
STATEMENT = (
    "SELECT found.*, (SELECT epoch FROM accounts_cache_epoch) AS cache_epoch"
    " FROM accounts_authenticate(%s, %s, %s, %s) found"
)


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
        wanted, problem = _wanted_workspace(request)
        for credential in _from_header(header):
            principal = _resolve(credential, wanted, problem=problem)
            if principal.user is not None:
                return principal
        return Principal(problem="token_invalid")
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return Principal()
    credential = Credential("browser", sessions.key_hash(key).hex())
    if _names_workspace(request):
        wanted, problem = _wanted_workspace(request)
        return _resolve(credential, wanted, problem=problem)
    chosen = request.session.get(WORKSPACE_SESSION_KEY)
    principal = _resolve(credential, chosen, problem=None)
    if chosen is not None and principal.problem == "not_found":
        # The workspace the browser last worked in is gone; go on in the first one that is left.
        request.session.pop(WORKSPACE_SESSION_KEY, None)
        return _resolve(credential, None, problem=None)
    return principal


def _from_header(header: str) -> list[Credential]:
    """What the header may stand for; a key has one candidate for each pepper of the ring."""
    scheme, _space, value = header.partition(" ")
    if scheme.lower() != "bearer" or not value:
        return []
    if api_keys.looks_like_one(value):
        return [Credential("key", found) for found in api_keys.hashes(value)]
    claims = tokens.read_access(value)
    return [Credential("access", claims.session_id, claims.token_version)] if claims else []


def _names_workspace(request: HttpRequest) -> bool:
    return "X-Workspace-Id" in request.headers or bool(WORKSPACE_PATH.match(request.path))


def _wanted_workspace(request: HttpRequest) -> tuple[int | None, str | None]:
    """The workspace that the path or `X-Workspace-Id` names; they must agree.

    Anything but one decimal number ≥ 1 is not found.
    """
    in_path = WORKSPACE_PATH.match(request.path)
    in_header = request.headers.get("X-Workspace-Id")
    named = {in_path.group(1)} if in_path else set()
    if in_header is not None:
        named.add(in_header)
    if not named:
        return None, None
    text = named.pop()
    if named or not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text) >= 1):
        return None, "not_found"
    return int(text), None


def _resolve(credential: Credential, wanted: int | None, *, problem: str | None) -> Principal:
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENT, [credential.kind, credential.value, credential.token_version, wanted]
        )
        columns = [column.name for column in cursor.description or []]
        row = cursor.fetchone()
    if row is None:
        return Principal(problem="token_invalid" if credential.kind != "browser" else None)
    found = dict(zip(columns, row, strict=True))
    cache.learn(found["cache_epoch"])  # type: ignore[attr-defined]
    return _principal(credential, wanted, found, problem)


def _principal(
    credential: Credential, wanted: int | None, found: dict[str, Any], problem: str | None
) -> Principal:
    columns = [name for name in USER_COLUMNS if name in found]
    user = User.from_db("default", ["id", *columns], [found["user_id"], *map(found.get, columns)])
    workspace_id = found["workspace_id"]
    if wanted is not None and workspace_id != wanted:
        problem = problem or "not_found"
    elif credential.kind == "key" and found["workspace_status"] not in KEY_STATES:
        # The membership behind the key is suspended, or its workspace is being deleted.
        return Principal(problem="token_invalid")
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
