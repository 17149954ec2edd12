"""How the characters of a work stand to each other."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio.api.story import StoryView, unknown
from studio.characters import relations
from studio.models import Character, CharacterRelation

CHAPTERS = ("since_chapter", "until_chapter")


class RelationFieldsIn(Serializer):
    kind = serializers.CharField(max_length=50, required=False)
    is_directed = serializers.BooleanField(required=False)
    note = serializers.CharField(max_length=1_000, required=False, allow_blank=True)
    weight = serializers.IntegerField(min_value=1, max_value=5, required=False)
    since_chapter_id = serializers.UUIDField(required=False, allow_null=True)
    until_chapter_id = serializers.UUIDField(required=False, allow_null=True)


class RelationIn(RelationFieldsIn):
    from_id = serializers.UUIDField()
    to_id = serializers.UUIDField()
    kind = serializers.CharField(max_length=50)


class RelationOut(serializers.Serializer):
    """A relation; one that is not directed names the smaller id first."""

    id = serializers.UUIDField()
    work_id = serializers.UUIDField()
    from_id = serializers.UUIDField(source="from_character_id")
    to_id = serializers.UUIDField(source="to_character_id")
    kind = serializers.CharField()
    is_directed = serializers.BooleanField()
    note = serializers.CharField()
    weight = serializers.IntegerField()
    since_chapter_id = serializers.UUIDField(allow_null=True)
    until_chapter_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class Relations(StoryView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.update"}
    orderings = ("created_at", "kind")

    @extend_schema(responses=page_of(RelationOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        rows = CharacterRelation.objects.visible_to(self.principal)
        alive = rows.filter(
            work=self.work(work_id),
            from_character__deleted_at__isnull=True,
            to_character__deleted_at__isnull=True,
        )
        return self.page(alive, RelationOut)

    @extend_schema(request=RelationIn, responses={201: RelationOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        work = self.work(work_id, "write")
        given = self.resolved(self.read(RelationIn), work.pk, CHAPTERS)
        for end in ("from", "to"):
            given[f"{end}_character"] = self._person(given.pop(f"{end}_id"), work.pk, f"{end}_id")
        made = relations.create(work=work, given=given, by=self.principal)
        return self.tagged(made, RelationOut, status=HTTPStatus.CREATED)

    def _person(self, number: UUID, work_id: UUID, field: str) -> Character:
        rows = Character.objects.visible_to(self.principal)
        found = rows.filter(work=work_id, pk=number).first()
        if found is None:
            raise unknown(field)
        return found


class RelationDetail(StoryView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PATCH": "work.update",
        "DELETE": "work.update",
    }

    def _relation(self, relation_id: UUID, right: str = "read") -> Any:
        rows = CharacterRelation.objects.visible_to(self.principal)
        return self.row(rows.select_related("from_character", "to_character"), relation_id, right)

    @extend_schema(responses=RelationOut)
    def get(self, request: Request, relation_id: UUID) -> Response:
        return self.tagged(self._relation(relation_id), RelationOut)

    @extend_schema(request=RelationFieldsIn, responses=RelationOut)
    def patch(self, request: Request, relation_id: UUID) -> Response:
        row = self.fresh(self._relation(relation_id, "write"))
        given = self.resolved(self.read(RelationFieldsIn), row.work_id, CHAPTERS)
        relations.change(relation=row, given=given, by=self.principal)
        return self.tagged(row, RelationOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, relation_id: UUID) -> Response:
        row = self.fresh(self._relation(relation_id, "write"))
        relations.remove(relation=row, by=self.principal)
        return Response(status=HTTPStatus.NO_CONTENT)
