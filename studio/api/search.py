"""Searching what is written, in one work or in all of one's works."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, field_error
from studio.api.story import StoryView
from studio.models import Work
from studio.prose.folding import MAX_QUERY
from studio.search import finding
from studio.search.finding import Query

MOST_START = 10_000
IDS = ("volume", "character", "tag")
PARAMETERS = [
    OpenApiParameter("q", OpenApiTypes.STR, required=True, description="1 to 50 characters."),
    OpenApiParameter(
        "kind",
        OpenApiTypes.STR,
        many=True,
        enum=["work", "chapter", "character", "scene", "worldview"],
    ),
    OpenApiParameter("order", OpenApiTypes.STR, enum=list(finding.ORDERS)),
    OpenApiParameter("start", OpenApiTypes.INT, description="`following` of the page before."),
    *[OpenApiParameter(name, OpenApiTypes.UUID) for name in IDS],
]


class PlaceOut(serializers.Serializer):
    """An occurrence. `offset` and `length` count code points of the field; `lead` of the snippet stand before it."""

    field = serializers.CharField()
    offset = serializers.IntegerField()
    length = serializers.IntegerField()
    snippet = serializers.CharField()
    lead = serializers.IntegerField()


class FoundOut(serializers.Serializer):
    object_type = serializers.CharField(source="kind")
    object_id = serializers.UUIDField()
    work_id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    count = serializers.IntegerField()
    places = PlaceOut(many=True)


class ResultsOut(serializers.Serializer):
    """`count` is exact unless `is_more`; `behind` chapters could not be looked through yet."""

    results = FoundOut(many=True, source="found")
    count = serializers.IntegerField()
    is_more = serializers.BooleanField()
    following = serializers.IntegerField(allow_null=True)
    behind = serializers.IntegerField()


class SearchView(StoryView):
    required_permissions: ClassVar = {"GET": "work.view"}
    rate_limits: ClassVar = {"GET": ("studio.search",)}
    query_parameters = frozenset({"q", "kind", "order", "start", *IDS})

    def answer(self, works: Iterable[UUID]) -> Response:
        query = self._query()
        try:
            found = finding.search(principal=self.principal, works=works, query=query)
        except ValueError as error:
            message = _("Ask for 1 to %(most)s characters.") % {"most": MAX_QUERY}
            raise Invalid([field_error("q", "invalid", message)]) from error
        return Response(self.shown(found, ResultsOut))

    def _query(self) -> Query:
        asked = self.request.GET
        kinds = frozenset(asked.getlist("kind"))
        order, start = asked.get("order", "reading"), asked.get("start", "0")
        if unknown := kinds - set(finding.TABLES):
            raise _refused("kind", sorted(unknown)[0])
        if order not in finding.ORDERS:
            raise _refused("order", order)
        if not (start.isascii() and start.isdigit() and len(start) < 6):
            raise _refused("start", start)
        return Query(
            text=asked.get("q", ""),
            kinds=kinds,
            order=order,
            start=min(int(start), MOST_START),
            **{name: self._id(name) for name in IDS},
        )

    def _id(self, name: str) -> Any:
        text = self.request.GET.get(name)
        if text is None:
            return None
        try:
            return UUID(text)
        except ValueError as error:
            raise _refused(name, text) from error


class WorkSearch(SearchView):
    @extend_schema(parameters=PARAMETERS, responses=ResultsOut)
    def get(self, request: Request, work_id: UUID) -> Response:
        """Where the words stand in a work, in reading order or the best first."""
        return self.answer([self.work(work_id).pk])


class Search(SearchView):
    @extend_schema(parameters=PARAMETERS, responses=ResultsOut)
    def get(self, request: Request) -> Response:
        """Where the words stand in all works you see. Punctuation alone is looked for in one work only."""
        return self.answer(Work.objects.visible_to(self.principal).values_list("pk", flat=True))


def _refused(name: str, value: str) -> Invalid:
    return Invalid(
        [field_error(name, "invalid", _("This value is not known."), {"value": value[:50]})]
    )
