"""Exports: works as files."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from studio.exporting import running
from studio.exporting.plain import CODECS
from studio.exporting.writing import FORMATS
from studio.models import Chapter, Volume, Work

MAX_CHOSEN = 10_000


class ExportIn(Serializer):
    """What is written and how. Without `chapters` and `volume` it is the whole work; `published` takes what readers see."""

    format = serializers.ChoiceField(list(FORMATS))
    chapters = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=MAX_CHOSEN
    )
    volume = serializers.UUIDField(required=False, allow_null=True)
    published = serializers.BooleanField(required=False)
    author = serializers.CharField(max_length=150, required=False, allow_blank=True)
    title_page = serializers.BooleanField(required=False)
    contents = serializers.BooleanField(required=False)
    numbers = serializers.BooleanField(
        required=False, help_text="Off for md: the file then comes back byte for byte."
    )
    indent = serializers.BooleanField(required=False)
    scene_break = serializers.CharField(max_length=20, required=False)
    encoding = serializers.ChoiceField(list(CODECS), required=False, help_text="Of txt.")


class ExportTakenOut(serializers.Serializer):
    """The task; its result names the file, what was dropped and what the encoding lacks."""

    task_id = serializers.UUIDField()


class WorkExport(ApiView):
    required_permissions: ClassVar = {"POST": "work.view"}

    @extend_schema(request=ExportIn, responses={202: ExportTakenOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        """Have a file written. Links to it are made at `files/{id}/links/`."""
        work = self.find(Work.objects.visible_to(self.principal), pk=work_id)
        if not Work.objects.with_right(self.principal, "export").filter(pk=work.pk).exists():
            raise Refused("permission_denied")
        asked = self.read(ExportIn)
        form = asked.pop("format")
        task = running.ask(
            principal=self.principal, work=work, form=form, options=_payload(work, asked)
        )
        return Response({"task_id": str(task.pk)}, status=HTTPStatus.ACCEPTED)


def _payload(work: Work, asked: dict[str, Any]) -> dict[str, Any]:
    """What the task is told: ids as text, each one of this work."""
    volume, chapters = asked.pop("volume", None), asked.pop("chapters", [])
    if volume is not None:
        if not Volume.objects.alive().filter(work=work, pk=volume).exists():
            raise Invalid([field_error("/volume", "not_found", _("There is no such volume."))])
        asked["volume"] = str(volume)
    if chapters:
        known = Chapter.objects.alive().filter(work=work, pk__in=chapters).count()
        if known != len(set(chapters)):
            raise Invalid([field_error("/chapters", "not_found", _("There is no such chapter."))])
        asked["chapters"] = [str(each) for each in chapters]
    return asked
