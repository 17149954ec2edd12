"""The person who asks: profile, settings, signed-in devices, menu."""

import zoneinfo
from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import closing, identity, people, preferences, registry, sessions
from accounts.api.freshness import fresh
from accounts.api.people import PersonOut, WorkspaceBriefOut, briefs
from accounts.models import Profile, Session, User, UserSettings
from accounts.web import etags, frame
from accounts.web.permissions import SIGNED_IN
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView

MAX_EXTRA_BYTES = 16 * 1024


class ProfileIn(Serializer):
    username = serializers.CharField(max_length=64, required=False)
    display_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    avatar_url = serializers.URLField(max_length=500, allow_blank=True, required=False)
    bio = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    website = serializers.URLField(max_length=255, allow_blank=True, required=False)

    def validate_avatar_url(self, value: str) -> str:
        """Shown by browsers, never fetched by us; still nothing but https."""
        if value and not value.startswith("https://"):
            raise serializers.ValidationError(_("Use an https address."), code="not_https")
        return value

    def validate_username(self, value: str) -> str:
        return identity.clean_username(value)

    def validate_website(self, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise serializers.ValidationError(_("Use a web address."), code="not_http")
        return value


class ProfileOut(serializers.Serializer):
    display_name = serializers.CharField()
    avatar_url = serializers.CharField()
    bio = serializers.CharField()
    website = serializers.CharField()


class MeOut(PersonOut):
    is_staff = serializers.BooleanField()
    plan = serializers.ChoiceField(User.Plan.choices, help_text="The plan in force.")
    profile = ProfileOut()
    workspaces = WorkspaceBriefOut(many=True)
    workspace_id = serializers.IntegerField(
        allow_null=True, help_text="The workspace this request named."
    )
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="What you may do in that workspace."
    )


class ClosingOut(serializers.Serializer):
    deletion_due_at = serializers.DateTimeField(help_text="Until then, signing in opens it again.")


class Me(ApiView):
    required_permissions: ClassVar = dict.fromkeys(("GET", "PATCH", "DELETE"), SIGNED_IN)

    @extend_schema(responses=MeOut)
    def get(self, request: Request) -> Response:
        """Who you are, where you belong and what you may do in the workspace you named."""
        return self._answer(self.find(Profile.objects.all(), user=self.user))

    @extend_schema(request=ProfileIn, responses=MeOut)
    def patch(self, request: Request) -> Response:
        """Change your profile."""
        profile = self.find(Profile.objects.select_for_update(), user=self.user)
        etags.require(request, profile, optional=True)
        fields = self.read(ProfileIn)
        if "username" in fields:
            people.rename(user=self.user, username=fields.pop("username"))
        preferences.change_profile(profile=profile, fields=fields)
        return self._answer(profile)

    @extend_schema(responses={202: ClosingOut})
    def delete(self, request: Request) -> Response:
        """Close your account; it is deleted in two weeks. Needs a sign-in of the last ten minutes."""
        fresh(self)
        due = closing.close(user=self.user)
        return Response(self.shown({"deletion_due_at": due}, ClosingOut), status=202)

    def _answer(self, profile: Profile) -> Response:
        user, principal = self.user, self.principal
        only = principal.workspace_id if principal.api_key_id else None
        found = {
            "id": user.id,
            "username": user.username,
            "email": user.email,
            "is_staff": user.is_staff,
            "plan": user.effective_plan(timezone.now()),
            "profile": profile,
            "workspaces": briefs(user, only),
            "workspace_id": principal.workspace_id,
            "permissions": sorted(principal.permissions()),
        }
        told = [found[name] for name in ("username", "email", "is_staff", "plan", "workspaces")]
        tag = etags.of(self.request, profile, also=told)
        if self.request.method in SAFE_METHODS and etags.matches(self.request, tag):
            return Response(status=304, headers={"ETag": tag})
        return Response(self.shown(found, MeOut), headers={"ETag": tag})


class SettingsOut(serializers.ModelSerializer):
    class Meta:
        model = UserSettings
        fields = [
            "theme",
            "editor_font_family",
            "editor_font_size",
            "editor_line_height",
            "editor_paragraph_spacing",
            "editor_word_wrap",
            "show_sidebar",
            "show_outline",
            "show_status_bar",
            "default_agent_id",
            "default_model_id",
            "auto_save_interval",
            "export_format",
            "export_include_metadata",
            "language",
            "timezone",
            "extra",
            "updated_at",
        ]


class SettingsIn(Serializer):
    theme = serializers.ChoiceField(UserSettings.Theme.choices, required=False)
    editor_font_family = serializers.RegexField(
        preferences.FONT_FAMILY, max_length=100, required=False
    )
    editor_font_size = serializers.IntegerField(min_value=10, max_value=40, required=False)
    editor_line_height = serializers.FloatField(min_value=1, max_value=3, required=False)
    editor_paragraph_spacing = serializers.IntegerField(min_value=0, max_value=48, required=False)
    editor_word_wrap = serializers.BooleanField(required=False)
    show_sidebar = serializers.BooleanField(required=False)
    show_outline = serializers.BooleanField(required=False)
    show_status_bar = serializers.BooleanField(required=False)
    default_agent_id = serializers.UUIDField(allow_null=True, required=False)
    default_model_id = serializers.CharField(max_length=100, allow_null=True, required=False)
    auto_save_interval = serializers.IntegerField(min_value=5, max_value=600, required=False)
    export_format = serializers.ChoiceField(UserSettings.ExportFormat.choices, required=False)
    export_include_metadata = serializers.BooleanField(required=False)
    language = serializers.ChoiceField(UserSettings.Language.choices, required=False)
    timezone = serializers.CharField(max_length=64, required=False)
    extra = serializers.DictField(required=False)
    client_changed_at = serializers.DateTimeField(
        required=False, help_text="By your clock; kept in the audit log, it decides nothing."
    )

    def validate_timezone(self, value: str) -> str:
        if value not in zoneinfo.available_timezones():
            raise serializers.ValidationError(_("No such time zone."), code="timezone_unknown")
        return value

    def validate_extra(self, value: dict[str, Any]) -> dict[str, Any]:
        if len(orjson.dumps(value)) > MAX_EXTRA_BYTES:
            raise serializers.ValidationError(_("At most 16 KiB."), code="too_large")
        return value

    def validate_default_agent_id(self, value: UUID | None) -> UUID | None:
        return self._resolved("agent", value)

    def validate_default_model_id(self, value: str | None) -> str | None:
        return self._resolved("model", value)

    def _resolved(self, kind: str, value: Any) -> Any:
        """Ids of higher apps are judged by the app that owns them; without one nothing exists to choose."""
        resolve = registry.reference_resolvers.get(kind)
        if value is not None and not (
            resolve and resolve(id=value, user=self.context["request"].principal.user)
        ):
            raise serializers.ValidationError(_("No such choice."), code="does_not_exist")
        return value


class Settings(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN, "PATCH": SIGNED_IN}

    @extend_schema(responses=SettingsOut)
    def get(self, request: Request) -> Response:
        """Your preferences."""
        return self.tagged(self.find(UserSettings.objects.all(), user=self.user), SettingsOut)

    @extend_schema(request=SettingsIn, responses=SettingsOut)
    def patch(self, request: Request) -> Response:
        """Change single preferences; the last change of a field wins."""
        fields = self.read(SettingsIn)
        changed_at = fields.pop("client_changed_at", None)
        settings = preferences.change_settings(user=self.user, fields=fields, changed_at=changed_at)
        answer = self.tagged(settings, SettingsOut)
        return frame.remember_look(answer, fields) if self.principal.kind == "browser" else answer


class SessionOut(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Session.Kind.choices)
    device_name = serializers.CharField()
    user_agent = serializers.CharField()
    ip = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    current = serializers.SerializerMethodField()

    def get_current(self, session: Session) -> bool:
        return bool(session.pk == self.context["principal"].session_id)


class Sessions(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}
    people_only = True
    orderings = ("-created_at", "last_seen_at")

    @extend_schema(responses=page_of(SessionOut))
    def get(self, request: Request) -> Response:
        """The devices that are signed in as you."""
        live = Session.objects.visible_to(self.user).live(timezone.now())
        return self.page(live, SessionOut)


class SessionDetail(ApiView):
    required_permissions: ClassVar = {"DELETE": SIGNED_IN}
    people_only = True

    @extend_schema(responses={204: None})
    def delete(self, request: Request, session_id: UUID) -> Response:
        """Sign a device out; it is refused from its next request on."""
        live = Session.objects.visible_to(self.user).live(timezone.now()).select_related("user")
        sessions.end(session=self.find(live, pk=session_id))
        return Response(status=204)


class RevocationOut(serializers.Serializer):
    ended = serializers.IntegerField()


class SessionRevocation(ApiView):
    required_permissions: ClassVar = {"POST": SIGNED_IN}
    people_only = True

    @extend_schema(request=None, responses=RevocationOut)
    def post(self, request: Request) -> Response:
        """Sign every other device out. Needs a sign-in of the last ten minutes."""
        fresh(self)
        ended = sessions.end_all(user=self.user, but=self.principal.session_id)
        return Response({"ended": ended})


class MenuEntryOut(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    icon = serializers.CharField()
    group = serializers.CharField()


class MenuOut(serializers.Serializer):
    entries = MenuEntryOut(many=True)
    enabled_actions = serializers.ListField(child=serializers.CharField())


class Menu(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}

    @extend_schema(responses=MenuOut)
    def get(self, request: Request) -> Response:
        """The places you may go and the actions you may take in the workspace you named."""
        principal = self.principal
        entries = sorted(registry.navigation.values(), key=lambda entry: entry.order)
        visible = [
            entry
            for entry in entries
            if entry.permission is None or principal.may(entry.permission)
        ]
        found = {"entries": visible, "enabled_actions": sorted(principal.permissions())}
        return Response(self.shown(found, MenuOut))
