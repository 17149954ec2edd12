"""The world of a work: entries in a tree."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio import worldview
from studio.api.story import MOST_NAMED, Names, Numbers, StoryView
from studio.models import AIInclusion, WorldEntry
from studio.models.character import MAX_NAMES
from studio.models.work import MAX_TITLE


class EntryFieldsIn(Serializer):
    title = serializers.CharField(max_length=MAX_TITLE, required=False)
    category = serializers.ChoiceField(WorldEntry.Category.choices, required=False)
    content = serializers.CharField(max_length=worldview.MAX_TEXT, required=False, allow_blank=True)
    aliases = Names(max_length=MAX_NAMES, required=False)
    ai_inclusion = serializers.ChoiceField(AIInclusion.choices, required=False)
    character_ids = Numbers(max_length=MOST_NAMED, required=False)
    order_index = serializers.RegexField(
        r"^[0-9A-Za-z]*$", max_length=64, required=False, allow_blank=True
    )


class EntryIn(EntryFieldsIn):
    title = serializers.CharField(max_length=MAX_TITLE)
    parent_id = serializers.UUIDField(required=False, allow_null=True)


class PlacementIn(Serializer):
    parent_id = serializers.UUIDField(allow_null=True, help_text="Null: at the top.")


class EntryOut(serializers.Serializer):
    id = serializers.UUIDField()
    work_id = serializers.UUIDField()
    parent_id = serializers.UUIDField(allow_null=True)
    depth = serializers.IntegerField()
    title = serializers.CharField()
    category = serializers.ChoiceField(WorldEntry.Category.choices)
    content = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    ai_inclusion = serializers.ChoiceField(AIInclusion.choices)
    character_ids = serializers.SerializerMethodField()
    order_index = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_character_ids(self, row: WorldEntry) -> list[UUID]:
        return sorted(one.character_id for one in row.cast.all())


class EntryView(StoryView):
    def entry(self, entry_id: UUID, right: str = "read") -> WorldEntry:
        rows = WorldEntry.objects.visible_to(self.principal).prefetch_related("cast")
        return self.row(rows, entry_id, right)


class WorldEntries(EntryView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.update"}
    orderings = ("created_at", "title", "updated_at")

    @extend_schema(responses=page_of(EntryOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        rows = WorldEntry.objects.visible_to(self.principal).filter(work=self.work(work_id))
        return self.page(rows.prefetch_related("cast"), EntryOut)

    @extend_schema(request=EntryIn, responses={201: EntryOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        work = self.work(work_id, "write")
        given = self.resolved(self.read(EntryIn), work.pk)
        if "parent_id" in given:
            rows = WorldEntry.objects.visible_to(self.principal)
            given["parent"] = self.named(rows, given, work.pk, "parent_id")
            del given["parent_id"]
        made = worldview.create(work=work, given=given, by=self.principal)
        return self.tagged(made, EntryOut, status=HTTPStatus.CREATED)


class WorldEntryDetail(EntryView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PATCH": "work.update",
        "DELETE": "work.update",
    }
    query_parameters = frozenset({"branch"})

    @extend_schema(responses=EntryOut)
    def get(self, request: Request, entry_id: UUID) -> Response:
        return self.tagged(self.entry(entry_id), EntryOut)

    @extend_schema(request=EntryFieldsIn, responses=EntryOut)
    def patch(self, request: Request, entry_id: UUID) -> Response:
        row = self.fresh(self.entry(entry_id, "write"))
        given = self.resolved(self.read(EntryFieldsIn), row.work_id)
        worldview.change(entry=row, given=given, by=self.principal)
        return self.tagged(self.entry(entry_id), EntryOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, entry_id: UUID) -> Response:
        """Into the bin. What lies below is lifted one level, or with `branch=true` goes along."""
        row = self.fresh(self.entry(entry_id, "write"))
        with_branch = request.GET.get("branch") == "true"
        worldview.discard(entry=row, with_branch=with_branch, by=self.principal)
        return Response(status=HTTPStatus.NO_CONTENT)


class WorldEntryPlacement(EntryView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=PlacementIn, responses=EntryOut)
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Move an entry with all that lies below it."""
        row = self.entry(entry_id, "write")
        rows = WorldEntry.objects.visible_to(self.principal)
        parent = self.named(rows, self.read(PlacementIn), row.work_id, "parent_id")
        worldview.place(entry=row, parent=parent, by=self.principal)
        return self.tagged(row, EntryOut)


class WorldEntryRestoration(StoryView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=None, responses=EntryOut)
    def post(self, request: Request, entry_id: UUID) -> Response:
        rows = WorldEntry.objects.binned().with_right(self.principal, "write")
        row = self.find(rows.select_for_update(of=("self",)), pk=entry_id)
        return self.tagged(worldview.restore(entry=row, by=self.principal), EntryOut)
