"""Characters of a work: list, make, change, bin, restore, merge; where they appear; names that several have."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio.api.story import Names, StoryView
from studio.appearances import due, reports
from studio.characters import merging, people
from studio.models import AIInclusion, Character
from studio.models.character import MAX_NAME, MAX_NAMES


class CharacterFieldsIn(Serializer):
    name = serializers.CharField(max_length=MAX_NAME, required=False)
    aliases = Names(max_length=MAX_NAMES, required=False)
    exclusions = Names(
        max_length=MAX_NAMES, required=False, help_text="Words in which a name means nobody."
    )
    case_sensitive = serializers.BooleanField(required=False)
    is_tracked = serializers.BooleanField(required=False)
    ai_inclusion = serializers.ChoiceField(AIInclusion.choices, required=False)
    role = serializers.CharField(max_length=50, required=False, allow_blank=True)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    avatar_url = serializers.CharField(max_length=500, required=False, allow_blank=True)
    attributes = serializers.DictField(
        child=serializers.CharField(max_length=people.MAX_ATTRIBUTE, allow_blank=True),
        required=False,
    )


class CharacterIn(CharacterFieldsIn):
    name = serializers.CharField(max_length=MAX_NAME)


class CharacterOut(serializers.Serializer):
    """A character. Counts and the first appearance follow the text within seconds and leave the ETag alone."""

    id = serializers.UUIDField()
    work_id = serializers.UUIDField()
    name = serializers.CharField()
    alias = serializers.CharField(allow_null=True)
    aliases = serializers.ListField(child=serializers.CharField())
    exclusions = serializers.ListField(child=serializers.CharField())
    case_sensitive = serializers.BooleanField()
    is_tracked = serializers.BooleanField()
    ai_inclusion = serializers.ChoiceField(AIInclusion.choices)
    role = serializers.CharField()
    description = serializers.CharField()
    avatar_url = serializers.CharField()
    attributes = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_attributes(self, row: Character) -> dict[str, Any]:
        return {key: value for key, value in row.attributes.items() if key != merging.KEPT}


class CharacterMergerIn(Serializer):
    character_id = serializers.UUIDField(help_text="Who becomes part of this character.")


class AmbiguityIn(Serializer):
    surface = serializers.CharField(max_length=MAX_NAME)
    character_id = serializers.UUIDField()


class AmbiguityOut(serializers.Serializer):
    surface = serializers.CharField()
    count = serializers.IntegerField()
    chapters = serializers.ListField(child=serializers.DictField())
    candidates = serializers.ListField(child=serializers.DictField())


class AppearancesOut(serializers.Serializer):
    """People by chapters. `waiting` chapters are still to be counted."""

    columns = serializers.ListField(child=serializers.DictField())
    rows = serializers.ListField(child=serializers.DictField())
    waiting = serializers.IntegerField()


class Characters(StoryView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.update"}
    query_parameters = frozenset({"q"})
    orderings = ("name", "created_at", "updated_at")

    @extend_schema(responses=page_of(CharacterOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        rows = Character.objects.visible_to(self.principal).filter(work=self.work(work_id))
        if text := request.GET.get("q"):
            rows = rows.filter(Q(name__icontains=text) | Q(aliases__icontains=text))
        return self.page(rows, CharacterOut)

    @extend_schema(request=CharacterIn, responses={201: CharacterOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        """Add somebody; their names are looked for in the whole work."""
        work = self.work(work_id, "write")
        made = people.create(work=work, given=self.read(CharacterIn), by=self.principal)
        made.refresh_from_db()
        return self.tagged(made, CharacterOut, status=HTTPStatus.CREATED)


class CharacterView(StoryView):
    def character(self, character_id: UUID, right: str = "read") -> Character:
        return self.row(Character.objects.visible_to(self.principal), character_id, right)


class CharacterDetail(CharacterView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PATCH": "work.update",
        "DELETE": "work.update",
    }

    @extend_schema(responses=CharacterOut)
    def get(self, request: Request, character_id: UUID) -> Response:
        return self.tagged(self.character(character_id), CharacterOut)

    @extend_schema(request=CharacterFieldsIn, responses=CharacterOut)
    def patch(self, request: Request, character_id: UUID) -> Response:
        row = self.fresh(self.character(character_id, "write"))
        given = self.read(CharacterFieldsIn)
        if "attributes" in given and merging.KEPT in row.attributes:
            given["attributes"][merging.KEPT] = row.attributes[merging.KEPT]
        people.change(character=row, given=given, by=self.principal)
        row.refresh_from_db()
        return self.tagged(row, CharacterOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, character_id: UUID) -> Response:
        """Into the bin."""
        row = self.fresh(self.character(character_id, "write"))
        people.discard(character=row, by=self.principal)
        return Response(status=HTTPStatus.NO_CONTENT)


class CharacterRestoration(StoryView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=None, responses=CharacterOut)
    def post(self, request: Request, character_id: UUID) -> Response:
        """Out of the bin; one that was merged takes back what was theirs."""
        rows = Character.objects.binned().with_right(self.principal, "write")
        row = self.find(rows.select_for_update(of=("self",)), pk=character_id)
        return self.tagged(people.restore(character=row, by=self.principal), CharacterOut)


class CharacterMerger(CharacterView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=CharacterMergerIn, responses=CharacterOut)
    def post(self, request: Request, character_id: UUID) -> Response:
        """Two who are one. Restoring the other one undoes it for thirty days."""
        row = self.character(character_id, "write")
        given = self.read(CharacterMergerIn)
        visible = Character.objects.visible_to(self.principal).select_for_update(of=("self",))
        other = self.named(visible, given, row.work_id, "character_id")
        merging.merge(character=row, other=other, by=self.principal)  # type: ignore[arg-type]
        row.refresh_from_db()
        return self.tagged(row, CharacterOut)


class Appearances(StoryView):
    required_permissions: ClassVar = {"GET": "work.view"}

    @extend_schema(responses=AppearancesOut)
    def get(self, request: Request, work_id: UUID) -> Response:
        """Who is named how often in which chapters; at most 200 columns and the 100 most frequent people."""
        work = self.work(work_id)
        told, state = reports.heat_map(work.pk), due.waiting(work.pk)
        return Response(
            {
                "columns": [
                    {"chapter_id": one.chapter, "title": one.title, "chapters": one.size}
                    for one in told.columns
                ],
                "rows": [
                    {"character_id": row.character, "name": row.name, "counts": row.counts}
                    for row in told.rows
                ],
                "waiting": state.total - state.done,
            }
        )


class Ambiguities(StoryView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.update"}

    @extend_schema(responses=AmbiguityOut(many=True))
    def get(self, request: Request, work_id: UUID) -> Response:
        """Names that several people have: nobody is credited with them."""
        found = reports.ambiguities(self.work(work_id).pk)
        return Response(
            [
                {
                    "surface": one.surface,
                    "count": one.count,
                    "chapters": [
                        {"chapter_id": number, "title": title, "count": count}
                        for number, title, count in one.chapters
                    ],
                    "candidates": [
                        {"character_id": number, "name": name} for number, name in one.candidates
                    ],
                }
                for one in found
            ]
        )

    @extend_schema(request=AmbiguityIn, responses={204: None})
    def post(self, request: Request, work_id: UUID) -> Response:
        """Say whom such a name means in this work."""
        work = self.work(work_id, "write")
        given = self.read(AmbiguityIn)
        rows = Character.objects.visible_to(self.principal)
        row = self.named(rows, given, work.pk, "character_id")
        people.belongs_to(surface=given["surface"], character=row, by=self.principal)  # type: ignore[arg-type]
        return Response(status=HTTPStatus.NO_CONTENT)
