"""The `Idempotency-Key` header of requests that write, around the handler of a view."""

import hashlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import idempotency, tenancy
from accounts.idempotency import Reply, Scope
from accounts.web.authentication import principal_of
from accounts.web.outside import Promise
from accounts.web.problems import Refused

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("Content-Type", "Location", "ETag")
SHOWN_ONCE = "x-secret-of"


def once(view: Any, handler: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The handler, run at most once for each key; later calls get the first reply, byte by byte."""

    def run(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        scope = _scope(request)
        if scope is None:
            return handler(request, *args, **kwargs)
        fingerprint = _fingerprint(request)
        known = idempotency.begin(scope, fingerprint=fingerprint)
        if known:
            return _replay(known)
        response = handler(request, *args, **kwargs)
        if isinstance(response, Promise):
            idempotency.announce(scope, fingerprint=fingerprint)
            response.then(partial(_conclude, request, scope))
            return response
        if 200 <= response.status_code < 300:
            reply = _reply(view, request, response)
            idempotency.remember(scope, fingerprint=fingerprint, reply=reply)
        return response

    return run


def _conclude(request: Request, scope: Scope, response: HttpResponseBase | None) -> None:
    """Remember a whole answer that was made after the transaction; a streamed or failed one may be asked for again."""
    reply = None
    if isinstance(response, HttpResponse) and 200 <= response.status_code < 300:
        headers = {name: response[name] for name in KEPT_HEADERS if name in response}
        if len(response.content) <= idempotency.MAX_BODY_BYTES:
            reply = Reply(response.status_code, bytes(response.content), headers)
    with tenancy.entered(principal_of(request).context):
        idempotency.conclude(scope, reply=reply)


def _scope(request: Request) -> Scope | None:
    key = request.headers.get(HEADER)
    principal = principal_of(request)
    if key is None or principal.user is None:
        return None
    if not VISIBLE_ASCII.fullmatch(key):
        raise Refused("idempotency_key_invalid")
    return Scope(principal.workspace_id, principal.actor, request.path[:200], key)


def _fingerprint(request: Request) -> bytes:
    """SHA-256 of everything that makes two requests the same; of files their content, never the boundary."""
    media_type = (request.content_type or "").partition(";")[0].strip().lower()
    digest = hashlib.sha256()
    for part in (request.method, request.path, request.META.get("QUERY_STRING", ""), media_type):
        digest.update(str(part).encode("utf-8", "surrogatepass") + b"\x1f")
    data = request.data
    if media_type == "multipart/form-data":
        for part in _fields(data):
            digest.update(part + b"\x1f")
    else:
        digest.update(getattr(request, "raw_body", b""))
    return digest.digest()


def _fields(data: Any) -> Iterator[bytes]:
    for name in sorted(data):
        for value in data.getlist(name):
            yield name.encode()
            yield _file_hash(value) if isinstance(value, UploadedFile) else str(value).encode()


def _file_hash(file: UploadedFile) -> bytes:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.digest()


def _reply(view: Any, request: Request, response: HttpResponseBase) -> Reply:
    """What is remembered: the reply itself, or of a large or streamed one where the thing can be read."""
    if view.reply_holds_secret:
        secret_of = str(getattr(response, "data", {}).get("id", ""))
        return Reply(response.status_code, b"", {SHOWN_ONCE: secret_of})
    body = b"" if response.streaming else _rendered(view, request, response)
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    if response.streaming or len(body) > idempotency.MAX_BODY_BYTES:
        return Reply(303, b"", {"Location": headers.get("Location", request.path)})
    return Reply(response.status_code, body, headers)


def _rendered(view: Any, request: Request, response: HttpResponseBase) -> bytes:
    if isinstance(response, Response):
        view.finalize_response(request, response)
        response.render()
    return bytes(response.content)  # type: ignore[attr-defined]


def _replay(known: Reply) -> HttpResponse:
    """The first reply again. One that was too large or streamed answers with its address (303)."""
    headers = dict(known.headers)
    if SHOWN_ONCE in headers:
        raise Refused("secret_not_replayable", members={"id": headers[SHOWN_ONCE]})
    response = HttpResponse(known.body, status=known.status_code, headers=headers)
    response[REPLAYED] = "true"
    return response
