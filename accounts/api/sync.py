"""`sync/`: what changed since a cursor, for clients that keep a copy."""

from typing import Any, ClassVar

import orjson
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import sync
from accounts.models import Change
from accounts.registry import SyncResource, sync_resources
from accounts.web import etags
from accounts.web.parsing import dump
from accounts.web.permissions import SIGNED_IN
from accounts.web.problems import Invalid, field_error
from accounts.web.views import ApiView

DEFAULT_LIMIT = 200
MAX_DATA_BYTES = 64 * 1024


class ChangeOut(serializers.Serializer):
    type = serializers.CharField()
    id = serializers.CharField()
    op = serializers.ChoiceField(Change.Op.choices)
    version = serializers.CharField(allow_null=True)
    etag = serializers.CharField(allow_null=True)
    address = serializers.CharField(help_text="Where the thing is read and written.")
    data = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="Left out of what is gone, and above 64 KiB."
    )


class SyncOut(serializers.Serializer):
    changes = ChangeOut(many=True)
    cursor = serializers.CharField(help_text="Send it next time.")
    has_more = serializers.BooleanField(help_text="Ask again at once.")
    lag_s = serializers.FloatField(
        help_text="Seconds for which a slow writer has held changes back."
    )
    epoch = serializers.CharField()


class Sync(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}
    rate_limits: ClassVar = {"GET": ("sync",)}
    query_parameters = frozenset({"cursor", "types", "limit"})

    @extend_schema(
        responses=SyncOut,
        parameters=[
            OpenApiParameter("X-Workspace-Id", OpenApiTypes.INT64, OpenApiParameter.HEADER),
            OpenApiParameter("types", OpenApiTypes.STR, description="Names, with commas between."),
            OpenApiParameter(
                "limit",
                {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": sync.MAX_LIMIT,
                    "default": DEFAULT_LIMIT,
                },
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        """What changed since the cursor; without one everything, in pages, and a cursor to go on with.

        Without a workspace, only what belongs to you alone. Changes may come twice: keep the latest by type and
        id. 410 `sync_reset` names the types to load again from the start.
        """
        found = sync.page(
            principal=self.principal,
            cursor=request.GET.get("cursor"),
            types=self._types(),
            limit=self._limit(),
            render=self._render,
        )
        body = {
            "changes": [orjson.Fragment(item) for item in found.items],
            "cursor": sync.write(found.cursor, self.principal),
            "has_more": found.has_more,
            "lag_s": found.lag_s,
            "epoch": found.cursor.epoch,
        }
        return Response(body)

    def _render(self, resource: SyncResource, key: str, row: Any) -> bytes:
        place = resource.address.format(id=key, workspace_id=self.principal.workspace_id)
        item = {"type": resource.type, "id": key, "address": place}
        if row is None:
            return dump({**item, "op": Change.Op.GONE, "version": None, "etag": None})
        model, version = resource.versioned(row)
        item |= {
            "op": Change.Op.UPSERT,
            "version": str(model.version if version is None else version),
            "etag": etags.of(self.request, model, version=version),
        }
        data = dump(self.shown(row, resource.shape))
        return dump(item | {"data": orjson.Fragment(data)} if len(data) <= MAX_DATA_BYTES else item)

    def _types(self) -> list[str]:
        names = [name for name in self.request.GET.get("types", "").split(",") if name]
        if unknown := [name for name in names if name not in sync_resources]:
            message = _("No such type: %(name)s") % {"name": unknown[0][:100]}
            raise Invalid([field_error("types", "type_unknown", message)])
        return list(dict.fromkeys(names))

    def _limit(self) -> int:
        text = self.request.GET.get("limit", str(DEFAULT_LIMIT))
        if (
            text.isascii()
            and text.isdigit()
            and len(text) <= 4
            and 1 <= int(text) <= sync.MAX_LIMIT
        ):
            return int(text)
        message = _("A whole number from 1 to %(max)d.") % {"max": sync.MAX_LIMIT}
        raise Invalid([field_error("limit", "limit_invalid", message, {"max": sync.MAX_LIMIT})])
