"""What you were told: your list, its badge as a stream, and how you want to be told."""

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import notices, registry, watching
from accounts.authentication import Principal
from accounts.notices import Mode, Wish
from accounts.web import etags, streams
from accounts.web.parsing import JsonRenderer
from accounts.web.permissions import SIGNED_IN
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.streams import Event, EventRenderer
from accounts.web.views import ApiView
from laojun.models import Notification, NotificationMark
from laojun.notifications import reading, streaming
from laojun.notifications.reading import Badge

MAX_IDS = 500
YES_NO = {"true": True, "false": False}


class NotificationOut(serializers.ModelSerializer):
    workspace_id = serializers.IntegerField(allow_null=True)

    class Meta:
        model = Notification
        fields = (
            "id",
            "workspace_id",
            "type",
            "level",
            "letter",
            "title",
            "content",
            "link",
            "link_type",
            "link_id",
            "repeat_count",
            "is_read",
            "read_at",
            "created_at",
        )


class ReadIn(Serializer):
    is_read = serializers.BooleanField()


class ReadingsIn(Serializer):
    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, min_length=1, max_length=MAX_IDS
    )
    before = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("before" in attrs):
            raise serializers.ValidationError(_("Name either ids or a moment."), code="required")
        return attrs


class ReadingsOut(serializers.Serializer):
    read = serializers.IntegerField(help_text="How many were unread.")


class BadgeOut(serializers.Serializer):
    unread = serializers.IntegerField()
    latest_id = serializers.CharField()


class ChannelsOut(serializers.Serializer):
    in_app = serializers.ChoiceField(Mode.choices)
    email = serializers.ChoiceField(Mode.choices)


class PreferenceOut(serializers.Serializer):
    type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    channels = ChannelsOut()
    fixed = serializers.ListField(
        child=serializers.CharField(), help_text="Channels that cannot be switched off."
    )


class PreferencesOut(serializers.Serializer):
    preferences = PreferenceOut(many=True)


class ChannelsIn(Serializer):
    in_app = serializers.ChoiceField(Mode.choices)
    email = serializers.ChoiceField(Mode.choices)


class PreferenceIn(Serializer):
    type = serializers.CharField(max_length=60)
    channels = ChannelsIn()


class PreferencesIn(Serializer):
    preferences = PreferenceIn(many=True)


class PersonalView(ApiView):
    people_only = True

    @property
    def mine(self) -> Any:
        return Notification.objects.visible_to(self.principal)


class Notifications(PersonalView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}
    query_parameters = frozenset({"is_read", "type"})
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(NotificationOut))
    def get(self, request: Request) -> Response:
        """What you were told, newest first."""
        rows = self.mine
        if "type" in request.GET:
            rows = rows.filter(type=_one_of(request, "type", Notification.Type.values))
        if "is_read" in request.GET:
            rows = rows.filter(is_read=YES_NO[_one_of(request, "is_read", YES_NO)])
        return self.page(rows, NotificationOut)


class NotificationDetail(PersonalView):
    required_permissions: ClassVar = {"PATCH": SIGNED_IN, "DELETE": SIGNED_IN}

    @extend_schema(request=ReadIn, responses=NotificationOut)
    def patch(self, request: Request, notification_id: UUID) -> Response:
        """Mark one as read, or as unread."""
        row = self.find(self.mine, pk=notification_id)
        is_read = self.read(ReadIn)["is_read"]
        reading.set_read(row=row, is_read=is_read, principal=self.principal)
        return Response(self.shown(row, NotificationOut))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, notification_id: UUID) -> Response:
        """Let one go."""
        row = self.find(self.mine, pk=notification_id)
        reading.delete(row=row, principal=self.principal)
        return Response(status=204)


class Readings(PersonalView):
    required_permissions: ClassVar = {"POST": SIGNED_IN}

    @extend_schema(request=ReadingsIn, responses=ReadingsOut)
    def post(self, request: Request) -> Response:
        """Mark several as read: the named ones, or all up to a moment."""
        count = reading.read_some(principal=self.principal, **self.read(ReadingsIn))
        return Response({"read": count})


class BadgeDetail(PersonalView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}

    @extend_schema(responses=BadgeOut)
    def get(self, request: Request) -> Response:
        """How many are unread, for those who cannot listen to the stream: ask with `If-None-Match`."""
        mark = NotificationMark(pk=self.user.pk, version=reading.mark_of(self.principal))
        tag = etags.of(request, mark)
        if etags.matches(request, tag):
            return Response(status=304, headers={"ETag": tag})
        shown = self.shown(reading.badge(self.principal), BadgeOut)
        return Response(shown, headers={"ETag": tag})


class NotificationStream(PersonalView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}
    renderer_classes = [EventRenderer, JsonRenderer]

    @extend_schema(responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        """Server-sent events: `badge` with the number of unread ones and the newest one's id, at every change."""
        watching.check_room(self.user.id)
        return streams.stream(request, partial(_badges, self.principal, self.user.id))


class Preferences(PersonalView):
    required_permissions: ClassVar = {"GET": SIGNED_IN, "PUT": SIGNED_IN}

    @extend_schema(responses=PreferencesOut)
    def get(self, request: Request) -> Response:
        """What you can be told of, and how you want each kind on each channel."""
        found = [_shown(wish) for wish in notices.wishes(self.user)]
        return Response(self.shown({"preferences": found}, PreferencesOut))

    @extend_schema(request=PreferencesIn, responses=PreferencesOut)
    def put(self, request: Request) -> Response:
        """Choose how you want the kinds you name; the others stay as they are."""
        wanted = self.read(PreferencesIn)["preferences"]
        unknown = [
            field_error(f"/preferences/{place}/type", "does_not_exist", _("No such notice."))
            for place, one in enumerate(wanted)
            if one["type"] not in registry.notice_types
        ]
        if unknown:
            raise Invalid(unknown)
        notices.choose(user=self.user, choices={one["type"]: _pair(one) for one in wanted})
        return self.get(request)


async def _badges(
    principal: Principal, user_id: UUID, _seen: str | None
) -> AsyncGenerator[Event, None]:
    """The badge as it is, then whenever it changes; it ends when its reader goes."""
    shown: Badge | None = None
    with watching.counted(user_id), streaming.watches.here().on(user_id) as changed:
        while True:
            changed.clear()
            now = await streams.in_transaction(principal, partial(reading.badge, principal))
            if now != shown:
                shown = now
                yield Event("badge", BadgeOut(now).data, id=now.latest_id)
            await changed.wait()


def _shown(wish: Wish) -> dict[str, Any]:
    channels = {"in_app": _mode(on=wish.in_app), "email": _mode(on=wish.by_mail)}
    fixed = ["in_app"] if wish.type.guards else []
    return {
        "type": wish.type.key,
        "label": wish.type.label,
        "channels": channels,
        "fixed": fixed,
    }


def _pair(given: dict[str, Any]) -> tuple[bool, bool]:
    channels = given["channels"]
    return channels["email"] == Mode.IMMEDIATE, channels["in_app"] == Mode.IMMEDIATE


def _mode(*, on: bool) -> str:
    return Mode.IMMEDIATE if on else Mode.OFF


def _one_of(request: Request, name: str, allowed: Any) -> str:
    value = request.GET[name]
    if value not in allowed:
        message = _("Choose one of the listed values.")
        raise Invalid([field_error(name, "invalid_choice", message)])
    return value
