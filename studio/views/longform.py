"""Forms that carry a whole chapter: up to 12 MiB, where the general limit of a form would refuse a long one."""

from __future__ import annotations

from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.datastructures import MultiValueDict
from django.views.decorators.csrf import csrf_exempt, csrf_protect

MAX_BYTES = 12 * 1024 * 1024
View = Callable[..., HttpResponseBase]


def long_form(view: View) -> View:
    """Read the fields of a multipart form before Django would, then check its token as everywhere."""
    guarded = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def reading(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and (request.content_type or "") == "multipart/form-data":
            _read(request)
        return guarded(request, *args, **kwargs)

    return reading


def _read(request: HttpRequest) -> None:
    raw = request.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise RequestDataTooBig
    request._post = _fields(request.META["CONTENT_TYPE"], raw)  # type: ignore[attr-defined]
    request._files = MultiValueDict()  # type: ignore[attr-defined]


def _fields(content_type: str, raw: bytes) -> QueryDict:
    """The texts of the form. Line ends come as CR LF and leave as LF; bytes that are no UTF-8 become U+FFFD."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    found = QueryDict(mutable=True)
    for part in BytesParser(policy=HTTP).parsebytes(head + raw).iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            found.appendlist(name, payload.decode("utf-8", "replace"))
    found._mutable = False
    return found
