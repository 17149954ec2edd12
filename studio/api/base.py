"""What the doors of works and chapters share: rows by right, tags of revisions, bodies with long texts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import IO, Any
from uuid import UUID

from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.ids import uuid7
from accounts.web import etags
from accounts.web.parsing import JsonParser
from accounts.web.problems import Refused
from accounts.web.views import ApiView
from studio import drafting
from studio.models import Chapter, Volume, Work

# Two million code points, each escaped as six bytes.
MAX_BODY = 12 * 1024 * 1024
DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]+):")


class TextParser(JsonParser):
    """A body with a text: what cannot be stored is named with its place (`invalid_text`)."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {})["request"]
        try:
            values = super().parse(stream, media_type, parser_context)
        except (Refused, ParseError):
            _name_fault(getattr(request, "raw_body", b""))
            raise
        _check_digest(request)
        return values


class StudioView(ApiView):
    """What every view of works starts from: rows this person has a right to, anything else is a 404."""

    def work(self, work_id: UUID, right: str = "read", *, lock: bool = False) -> Work:
        seen = Work.objects.visible_to(self.principal)
        if right == "read":
            return self.find(seen, pk=work_id)
        self.find(seen.only("pk"), pk=work_id)
        rows = Work.objects.with_right(self.principal, right)
        return self._allowed(rows.select_for_update(of=("self",)) if lock else rows, work_id)

    def chapter(self, chapter_id: UUID, *, write: bool = False) -> Chapter:
        """Without its text. Who sees but may not write is refused, who does not see finds nothing."""
        rows = Chapter.objects.visible_to(self.principal).without_text()
        found = self.find(rows.select_related("saved_by", "work"), pk=chapter_id)
        if not write:
            return found
        editable = Chapter.objects.editable_by(self.principal).without_text()
        return self._allowed(editable.select_related("work"), chapter_id)

    def volume(self, volume_id: UUID, *, write: bool = False) -> Volume:
        found = self.find(Volume.objects.visible_to(self.principal), pk=volume_id)
        if not write:
            return found
        rows = Volume.objects.editable_by(self.principal).select_for_update(of=("self",))
        return self._allowed(rows.select_related("work"), volume_id)

    def versioned(
        self,
        row: models.Model,
        shape: type[serializers.BaseSerializer],
        version: int,
        *,
        also: Sequence[object] = (),
        status: int = HTTPStatus.OK,
    ) -> Response:
        """A row with the tag of its revision; `also` are columns that it shows and that leave the revision alone."""
        tag = etags.of(self.request, row, version=version, also=also)
        if self.request.method in {"GET", "HEAD"} and etags.matches(self.request, tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        return Response(self.shown(row, shape), status=status, headers={"ETag": tag})

    def base_revision(self) -> int:
        """The revision that the writer began from, of `If-Match`. Raises Refused(`version_required`)."""
        for tag in etags.TAG.findall(self.request.headers.get("If-Match", "")):
            number = tag.partition(".")[0]
            if number.isdecimal() and len(number) < 19:
                return int(number)
        raise Refused("version_required")

    def _allowed(self, rows: models.QuerySet[Any], pk: UUID) -> Any:
        found = rows.filter(pk=pk).first()
        if found is None:
            raise Refused("permission_denied")
        return found


def save_id_of(request: Request) -> UUID:
    """The client's name of this save, its `Idempotency-Key`; one of ours where it has none."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return uuid7()
    try:
        return UUID(key)
    except ValueError as error:
        raise Refused("idempotency_key_invalid") from error


def _name_fault(raw: bytes) -> None:
    """Python reads half a surrogate pair where our parser refuses it, and so can say where it stands."""
    try:
        values = json.loads(raw)
    except (ValueError, RecursionError):
        return
    for value in values.values() if isinstance(values, dict) else ():
        if isinstance(value, str) and (place := drafting.fault_of(value)) is not None:
            raise drafting.InvalidText(offset=place)


def _check_digest(request: Request) -> None:
    """Where the client says what it sent (RFC 9530), it must be what arrived."""
    found = DIGEST.search(request.headers.get("Content-Digest", ""))
    if found is None:
        return
    try:
        told = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        told = b""
    if told != hashlib.sha256(getattr(request, "raw_body", b"")).digest():
        raise Refused("digest_mismatch")
