"""Scenes of a work: list, make, place, change, bin, restore."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio import scenes
from studio.api.story import MOST_NAMED, Numbers, StoryView
from studio.models import Character, Scene
from studio.models.work import MAX_TITLE


def prose(**options: Any) -> serializers.CharField:
    return serializers.CharField(
        max_length=scenes.MAX_TEXT, required=False, allow_blank=True, **options
    )


class SceneFieldsIn(Serializer):
    title = serializers.CharField(max_length=MAX_TITLE, required=False)
    chapter_id = serializers.UUIDField(required=False, allow_null=True)
    start_position = serializers.IntegerField(
        min_value=0, required=False, help_text="Code points; with `end_position` a passage."
    )
    end_position = serializers.IntegerField(min_value=0, required=False)
    description = prose()
    location = serializers.CharField(max_length=200, required=False, allow_blank=True)
    time_period = serializers.CharField(max_length=100, required=False, allow_blank=True)
    mood = serializers.CharField(max_length=100, required=False, allow_blank=True)
    goal = prose()
    conflict = prose()
    outcome = prose()
    pov_character_id = serializers.UUIDField(required=False, allow_null=True)
    character_ids = Numbers(max_length=MOST_NAMED, required=False)
    order_index = serializers.RegexField(
        r"^[0-9A-Za-z]*$", max_length=64, required=False, allow_blank=True
    )


class SceneIn(SceneFieldsIn):
    title = serializers.CharField(max_length=MAX_TITLE)


class SceneOut(serializers.Serializer):
    """A scene; `anchor_state` says whether its passage still stands in the chapter."""

    id = serializers.UUIDField()
    work_id = serializers.UUIDField()
    chapter_id = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    description = serializers.CharField()
    location = serializers.CharField()
    time_period = serializers.CharField()
    mood = serializers.CharField()
    goal = serializers.CharField()
    conflict = serializers.CharField()
    outcome = serializers.CharField()
    pov_character_id = serializers.UUIDField(allow_null=True)
    character_ids = serializers.SerializerMethodField()
    order_index = serializers.CharField()
    start_position = serializers.IntegerField(allow_null=True)
    end_position = serializers.IntegerField(allow_null=True)
    anchor_quote = serializers.CharField()
    anchor_state = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_character_ids(self, row: Scene) -> list[UUID]:
        return sorted(one.character_id for one in row.cast.all())


class SceneView(StoryView):
    def scene(self, scene_id: UUID, right: str = "read") -> Scene:
        rows = Scene.objects.visible_to(self.principal).select_related("chapter")
        return self.row(rows.prefetch_related("cast"), scene_id, right)

    def wishes(self, given: dict[str, Any], work_id: UUID) -> dict[str, Any]:
        if ("start_position" in given) != ("end_position" in given):
            message = "A passage has a beginning and an end."
            raise Invalid([field_error("end_position", "required", message)])
        found = self.resolved(given, work_id, ("chapter",))
        if "pov_character_id" in found:
            rows = Character.objects.visible_to(self.principal)
            found["pov_character"] = self.named(rows, found, work_id, "pov_character_id")
            del found["pov_character_id"]
        return found


class Scenes(SceneView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.update"}
    query_parameters = frozenset({"chapter"})
    orderings = ("created_at", "title", "updated_at")

    @extend_schema(responses=page_of(SceneOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        rows = Scene.objects.visible_to(self.principal).filter(work=self.work(work_id))
        if (chapter := request.GET.get("chapter")) is not None:
            try:
                rows = rows.filter(chapter=UUID(chapter))
            except ValueError as error:
                raise Invalid([field_error("chapter", "invalid", "This is no id.")]) from error
        return self.page(rows.prefetch_related("cast"), SceneOut)

    @extend_schema(request=SceneIn, responses={201: SceneOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        work = self.work(work_id, "write")
        given = self.wishes(self.read(SceneIn), work.pk)
        made = scenes.create(work=work, given=given, by=self.principal)
        return self.tagged(made, SceneOut, status=HTTPStatus.CREATED)


class SceneDetail(SceneView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PATCH": "work.update",
        "DELETE": "work.update",
    }

    @extend_schema(responses=SceneOut)
    def get(self, request: Request, scene_id: UUID) -> Response:
        return self.tagged(self.scene(scene_id), SceneOut)

    @extend_schema(request=SceneFieldsIn, responses=SceneOut)
    def patch(self, request: Request, scene_id: UUID) -> Response:
        """Change a scene; with a passage it is placed (again), with another chapter and none it lies loose there."""
        row = self.fresh(self.scene(scene_id, "write"))
        given = self.wishes(self.read(SceneFieldsIn), row.work_id)
        scenes.change(scene=row, given=given, by=self.principal)
        return self.tagged(self.scene(scene_id), SceneOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, scene_id: UUID) -> Response:
        """Into the bin."""
        scenes.discard(scene=self.fresh(self.scene(scene_id, "write")), by=self.principal)
        return Response(status=HTTPStatus.NO_CONTENT)


class SceneRestoration(StoryView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=None, responses=SceneOut)
    def post(self, request: Request, scene_id: UUID) -> Response:
        rows = Scene.objects.binned().with_right(self.principal, "write")
        row = self.find(rows.select_for_update(of=("self",)), pk=scene_id)
        return self.tagged(scenes.restore(scene=row, by=self.principal), SceneOut)
