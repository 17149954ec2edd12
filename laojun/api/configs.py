"""Settings of the workspace, and for operators those of the platform."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags, pagination
from accounts.web.permissions import denied
from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from laojun import audit, configs
from laojun.audit import Actor
from laojun.configs import Change, Entry
from laojun.definitions import GLOBAL, WORKSPACE, InvalidValue
from laojun.models import AuditLog, Config

MAX_CHANGES = 100
LAST_WRITE_WINS = "last_write_wins"
NEVER = "never"  # fits no version


class ValueIn(Serializer):
    value = serializers.JSONField(allow_null=True)


class RollbackIn(Serializer):
    audit_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class ChangeIn(Serializer):
    key = serializers.CharField(max_length=100)
    value = serializers.JSONField(required=False, allow_null=True)
    reset = serializers.BooleanField(default=False)
    row_version = serializers.CharField(max_length=50, required=False)
    client_changed_at = serializers.DateTimeField(required=False)


class ChangesIn(Serializer):
    changes = serializers.ListField(child=ChangeIn(), min_length=1, max_length=MAX_CHANGES)
    conflict = serializers.ChoiceField([LAST_WRITE_WINS], required=False)


class ConfigOut(serializers.Serializer):
    key = serializers.CharField()
    value = serializers.JSONField(source="shown")
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="workspace, global or default"
    )
    is_set = serializers.BooleanField()
    set_at = serializers.DateTimeField(allow_null=True)
    set_by = serializers.CharField()
    row_version = serializers.CharField(source="version")
    kind = serializers.CharField(source="definition.kind")
    default = serializers.JSONField(source="definition.default")
    low = serializers.IntegerField(source="definition.low", allow_null=True)
    high = serializers.IntegerField(source="definition.high", allow_null=True)
    choices = serializers.ListField(source="definition.choices")
    unit = serializers.CharField(source="definition.unit")
    secret = serializers.BooleanField(source="definition.secret")
    title = serializers.CharField(source="definition.title")
    help = serializers.CharField(source="definition.help")
    group = serializers.CharField(source="definition.group")
    applies = serializers.CharField(source="definition.applies")
    scopes = serializers.ListField(source="definition.scopes")


class ConfigsOut(serializers.Serializer):
    results = ConfigOut(many=True)


class ConfigChangeOut(serializers.Serializer):
    id = serializers.IntegerField()
    action = serializers.CharField()
    actor = serializers.CharField()
    actor_name = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()
    created_at = serializers.DateTimeField()


class ConfigView(ApiView):
    query_parameters = frozenset({"scope"})

    @property
    def place(self) -> int | None:
        """The workspace at hand, or None for the platform, which is for operators."""
        scope = self.request.GET.get("scope", WORKSPACE)
        if scope == WORKSPACE:
            return self.principal.workspace_id
        if scope != GLOBAL:
            message = _("Either workspace or global.")
            raise Invalid([field_error("scope", "scope_not_allowed", message)])
        needed = "config.view" if self.request.method in {"GET", "HEAD"} else "config.edit"
        if self.principal.api_key_id or not self.user.may_on_platform(needed):
            raise denied("platform")
        return None

    @property
    def actor(self) -> Actor:
        return Actor.of_principal(self.principal)

    def shown_entry(self, entry: Entry, *, status: int = 200) -> Response:
        tag = etags.of(self.request, Config(pk=0), version=versioned(entry))
        if self.request.method == "GET" and etags.matches(self.request, tag):
            return Response(status=304, headers={"ETag": tag})
        return Response(ConfigOut(entry).data, status=status, headers={"ETag": tag})

    def seen(self, key: str) -> str:
        """The version of this setting that `If-Match` names. Raises Refused where it is missing."""
        tags = etags.TAG.findall(self.request.headers.get("If-Match", ""))
        if not tags:
            raise Refused("version_required")
        name, _sign, version = tags[0].partition(".")[0].partition("_")
        return str(version) if name == _tag_name(key) else NEVER

    def write(self, *changes: Change, **extra: Any) -> list[Entry]:
        try:
            return configs.write(
                changes=changes, workspace_id=self.place, actor=self.actor, **extra
            )
        except InvalidValue as error:
            raise refusal(error) from error
        except configs.Stale as error:
            raise stale(self.request, error) from error


class Configs(ConfigView):
    required_permissions: ClassVar = {"GET": "config.view", "PATCH": "config.edit"}
    query_parameters = frozenset({"scope", "prefix"})

    @extend_schema(operation_id="configs_list", responses=ConfigsOut)
    def get(self, request: Request) -> Response:
        """Every setting of this place with its value in force and where that comes from."""
        place = self.place
        with configs.place(place):
            found = configs.entries(place, prefix=request.GET.get("prefix", ""))
        return Response({"results": ConfigOut(found, many=True).data})

    @extend_schema(request=ChangesIn, responses=ConfigsOut)
    def patch(self, request: Request) -> Response:
        """Several changes, all or none: each with the `row_version` it saw, or last write wins."""
        given = self.read(ChangesIn)
        wins = given.get("conflict") == LAST_WRITE_WINS
        if not wins and any("row_version" not in change for change in given["changes"]):
            raise Refused("version_required")
        changes = [
            Change(
                change["key"],
                change.get("value"),
                reset=change["reset"],
                seen=None if wins else change["row_version"],
            )
            for change in given["changes"]
        ]
        clocks = {
            change["key"]: change["client_changed_at"].isoformat()
            for change in given["changes"]
            if "client_changed_at" in change
        }
        found = self.write(*changes, details={"client_changed_at": clocks} if clocks else None)
        return Response({"results": ConfigOut(found, many=True).data})


class ConfigDetail(ConfigView):
    required_permissions: ClassVar = {
        "GET": "config.view",
        "PUT": "config.edit",
        "DELETE": "config.edit",
    }

    @extend_schema(responses=ConfigOut)
    def get(self, request: Request, key: str) -> Response:
        """One setting as it stands here."""
        place = self.place
        with configs.place(place):
            return self.shown_entry(configs.entry(key, place))

    @extend_schema(request=ValueIn, responses=ConfigOut)
    def put(self, request: Request, key: str) -> Response:
        """Set a value. `If-Match` names what you saw, also where nothing was set."""
        change = Change(key, self.read(ValueIn)["value"], seen=self.seen(key))
        return self.shown_entry(self.write(change)[0])

    @extend_schema(responses=ConfigOut)
    def delete(self, request: Request, key: str) -> Response:
        """Back to what is inherited."""
        return self.shown_entry(self.write(Change(key, reset=True, seen=self.seen(key)))[0])


class ConfigHistory(ConfigView):
    required_permissions: ClassVar = {"GET": "config.view"}
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(ConfigChangeOut))
    def get(self, request: Request, key: str) -> Response:
        """Who changed this setting, from what to what."""
        place = self.place
        with configs.place(place):
            rows = configs.history(key, place)
            found = pagination.page(request, rows, orderings=self.orderings)
            known = audit.names(found.rows)
        return Response(found.body([history_row(row, known) for row in found.rows]))


class ConfigRollback(ConfigView):
    required_permissions: ClassVar = {"POST": "config.edit"}

    @extend_schema(request=RollbackIn, responses=ConfigOut)
    def post(self, request: Request, key: str) -> Response:
        """Take one change back: what it replaced is written again, under today's rules."""
        try:
            entry = configs.rollback(
                key=key,
                audit_id=self.read(RollbackIn)["audit_id"],
                workspace_id=self.place,
                actor=self.actor,
            )
        except InvalidValue as error:
            raise refusal(error) from error
        return self.shown_entry(entry)


def refusal(error: InvalidValue) -> Invalid:
    code = error.code if error.code in {"out_of_bounds", "conflicts_with"} else "validation_error"
    return Invalid([field_error(error.key, error.code, error.message)], code=code)


def stale(request: Request, error: configs.Stale) -> Refused:
    entry = error.entry
    tag = etags.of(request, Config(pk=0), version=versioned(entry))
    thing = ("config", entry.key)
    return etags.stale(tag, thing=thing, changed_at=entry.set_at, value=entry.shown)


def history_row(row: AuditLog, known: dict[str, str]) -> dict[str, Any]:
    return {
        "id": row.pk,
        "action": row.action,
        "actor": row.actor,
        "actor_name": known.get(row.actor, ""),
        "before": row.payload.get("before"),
        "after": row.payload.get("after"),
        "created_at": row.created_at,
    }


def versioned(entry: Entry) -> str:
    """The key is part of the tag, so that one setting's tag never fits another's."""
    return f"{_tag_name(entry.key)}_{entry.version}"


def _tag_name(key: str) -> str:
    return key.replace(".", "-").replace("_", "-")
