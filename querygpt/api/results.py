"""The rows behind an answer: in pages, and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from django.core import signing
from django.http import Http404, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.schema import content
from querygpt import exporting
from querygpt.api.messages import MessageView
from querygpt.models import Message, Result
from querygpt.results import paging, storing
from querygpt.results.paging import MOST_ROWS, USUAL_ROWS, UnknownColumn

_signer = signing.Signer(salt="querygpt.result")


class ColumnOut(serializers.Serializer):
    name = serializers.CharField()
    family = serializers.CharField()
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    unit = serializers.CharField(allow_blank=True)


class ResultOut(serializers.Serializer):
    """A page of rows. Decimals and whole numbers beyond 2^53 are texts."""

    id = serializers.UUIDField()
    columns = ColumnOut(many=True)
    rows = serializers.ListField(child=serializers.ListField())
    rows_count = serializers.IntegerField()
    truncated = serializers.BooleanField()
    expires_at = serializers.DateTimeField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class ResultView(MessageView):
    """What the views of an answer's rows start from."""

    def result(self, message_id: UUID) -> tuple[Message, Result]:
        """The answer and its rows; an answer that never had any has nothing here."""
        message = self.answer_of(message_id)
        found = message.results.order_by("-created_at").first()
        if found is None:
            raise Http404
        return message, found


class MessageResult(ResultView):
    required_permissions: ClassVar = {"GET": "conversation.view"}
    query_parameters = frozenset({"cursor", "limit", "sort"})

    @extend_schema(responses=ResultOut)
    def get(self, request: Request, message_id: UUID) -> Response:
        """The rows of an answer, at most 500 a page; `sort` is a column, `-` before it for the greatest first."""
        _message, result = self.result(message_id)
        sort, size = request.GET.get("sort", ""), self._limit()
        try:
            page = paging.page(
                columns=result.columns,
                rows=storing.rows_of(result),
                start=self._start(result, sort),
                size=size,
                sort=sort,
            )
        except UnknownColumn as error:
            message = _("The result has no such column.")
            raise Invalid([field_error("sort", "ordering_invalid", message)]) from error
        shown = {
            "id": result.pk,
            "columns": result.columns,
            "rows": page.rows,
            "rows_count": result.rows_count,
            "truncated": result.truncated,
            "expires_at": result.expires_at,
            "next": self._cursor(result, sort, page.following),
            "previous": self._cursor(result, sort, page.before),
        }
        return Response(shown)

    def _limit(self) -> int:
        text = self.request.GET.get("limit", str(USUAL_ROWS))
        if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_ROWS:
            return int(text)
        message = _("A whole number from 1 to %(max)d.") % {"max": MOST_ROWS}
        raise Invalid([field_error("limit", "limit_invalid", message, {"max": MOST_ROWS})])

    def _start(self, result: Result, sort: str) -> int:
        cursor = self.request.GET.get("cursor")
        if cursor is None:
            return 0
        try:
            found: dict[str, Any] = _signer.unsign_object(cursor[:500])
        except (signing.BadSignature, ValueError) as error:
            raise Refused("cursor_invalid") from error
        if (found["r"], found["s"]) != (str(result.pk), sort):
            raise Refused("cursor_invalid")
        return int(found["n"])

    def _cursor(self, result: Result, sort: str, start: int | None) -> str | None:
        if start is None:
            return None
        return str(_signer.sign_object({"r": str(result.pk), "s": sort, "n": start}))


class MessageExport(ResultView):
    required_permissions: ClassVar = {"GET": "result.export"}
    query_parameters = frozenset({"format"})

    @extend_schema(responses=content("application/octet-stream"))
    def get(self, request: Request, message_id: UUID) -> StreamingHttpResponse:
        """The rows as `csv`, `xlsx` or `json`, by `format`."""
        form = request.GET.get("format", "csv")
        if form not in exporting.FORMATS:
            message = _("One of: %(names)s") % {"names": ", ".join(exporting.FORMATS)}
            raise Invalid([field_error("format", "invalid_choice", message)])
        message_row, result = self.result(message_id)
        pieces = exporting.export(
            principal=self.principal, message=message_row, result=result, form=form
        )
        return attachment(pieces, message=message_row, form=form)


def attachment(pieces: Iterator[bytes], *, message: Message, form: str) -> StreamingHttpResponse:
    """A file for the browser to keep, named after the question."""
    name = get_valid_filename(f"{_name(message)}.{form}")
    return StreamingHttpResponse(
        pieces,
        content_type=exporting.FORMATS[form].content_type,
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _name(message: Message) -> str:
    question = message.reply_to.content if message.reply_to else ""
    return " ".join(question.split())[:60] or str(message.pk)
