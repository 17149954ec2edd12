"""A file's bytes as an answer: whole, in part, or the word that the reader has them already."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO

from django.core.files.storage import FileSystemStorage, default_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from laojun import files, filetypes
from laojun.models import File

CHUNK_BYTES = 256 * 1024
RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")
# What was uploaded may be a page or a picture with a script in it: it never acts as one of ours.
POLICY = "sandbox; default-src 'none'"
REMOTE_SECONDS = 300


class RangeUnsatisfiable(Exception):
    """The part that was asked for lies behind the end."""

    code = "range_not_satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.headers = {"Content-Range": f"bytes */{size}"}


@dataclass(frozen=True)
class Span:
    """The bytes to send: from `start` up to, not including, `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


def serve(request: HttpRequest, file: File, *, inline: bool = False) -> HttpResponseBase:
    """Answer with the content of a file that this reader may have. Raises RangeUnsatisfiable, Http404."""
    shown = inline and filetypes.may_show(file.mime_type)
    if not isinstance(default_storage, FileSystemStorage) and file.storage_provider != "local":
        return HttpResponseRedirect(_remote(file, shown=shown))
    tag = f'"{file.sha256[:32]}"'
    if tag in request.headers.get("If-None-Match", ""):
        return _headed(HttpResponse(status=304), file, tag, shown=shown)
    span = _span(request, file.file_size, tag)
    answer = _body(request, file, span or Span(0, file.file_size))
    if span is not None:
        answer.status_code = 206
        answer["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{file.file_size}"
    answer["Content-Length"] = str((span or Span(0, file.file_size)).length)
    return _headed(answer, file, tag, shown=shown)


def _body(request: HttpRequest, file: File, span: Span) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse()
    try:
        content = files.open_content(file)
    except files.ContentMissing as error:
        raise Http404 from error
    return StreamingHttpResponse(_chunks(content, span))


async def _chunks(content: IO[bytes], span: Span) -> AsyncIterator[bytes]:
    """Disk reads run in threads, so that a large file holds no other request up."""
    left = span.length
    try:
        content.seek(span.start)
        while left > 0:
            chunk = await asyncio.to_thread(content.read, min(CHUNK_BYTES, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk
    finally:
        content.close()


def _headed(answer: HttpResponseBase, file: File, tag: str, *, shown: bool) -> HttpResponseBase:
    answer["Content-Type"] = file.mime_type
    if file.mime_type.startswith("text/"):
        answer["Content-Type"] = f"{file.mime_type}; charset=utf-8"
    answer["Content-Disposition"] = _disposition(file, shown=shown)
    answer["ETag"] = tag
    answer["Accept-Ranges"] = "bytes"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = POLICY
    answer["Cache-Control"] = "private, no-cache"
    return answer


def _span(request: HttpRequest, size: int, tag: str) -> Span | None:
    """The one part that was asked for; anything else than one part means the whole."""
    asked = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if asked is None or asked.groups() == ("", ""):
        return None
    if request.headers.get("If-Range", tag) != tag:
        return None
    first, last = asked.groups()
    if not first:
        return Span(max(0, size - int(last)), size)
    start, end = int(first), min(int(last), size - 1) + 1 if last else size
    if start >= size or end <= start:
        raise RangeUnsatisfiable(size)
    return Span(start, end)


def _disposition(file: File, *, shown: bool) -> str:
    return str(content_disposition_header(not shown, file.original_filename))


def _remote(file: File, *, shown: bool) -> str:
    """An address of the object store, valid as briefly as one of our links."""
    return default_storage.url(  # type: ignore[call-arg]
        file.storage_path,
        parameters={
            "ResponseContentDisposition": _disposition(file, shown=shown),
            "ResponseContentType": file.mime_type,
        },
        expire=REMOTE_SECONDS,
    )
