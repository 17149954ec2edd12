"""What every operation has in common, written into the OpenAPI schema once."""

from typing import Any

from django.utils.translation import override
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from accounts.registry import error_shapes, problems, sync_resources
from accounts.web import pagination
from accounts.web.permissions import OPERATOR, PUBLIC, SIGNED_IN, required
from accounts.web.problems import CONTENT_TYPE, shape_at

PROBLEM = "Problem"
UNSCOPED = {PUBLIC, SIGNED_IN, OPERATOR}


# An object, or nothing: what a method field answers that is not always there.
OBJECT_OR_NULL = {"type": ["object", "null"], "additionalProperties": {}}


def content(media_type: str, *statuses: int) -> dict[tuple[int, str], Any]:
    """Replies that are no JSON but bytes of one type (`*/*` where the thing decides)."""
    return {(status, media_type): OpenApiTypes.BINARY for status in statuses or (200,)}


def page_of(serializer: type[serializers.Serializer]) -> serializers.Serializer:
    """The shape of a list's reply: the neighbours' addresses and the rows."""
    name = serializer.__name__.removesuffix("Out")
    return inline_serializer(
        f"{name}Page",
        {
            "next": serializers.CharField(allow_null=True),
            "previous": serializers.CharField(allow_null=True),
            "results": serializer(many=True),
        },
    )


class PrincipalScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.web.authentication.PrincipalAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token, or an API key that starts with `tlk_`.",
        }


class ApiSchema(AutoSchema):
    """Reads what a view declares: permissions, paging, workspace header, replay key, problems."""

    def get_operation_id(self) -> str:
        name: str = super().get_operation_id()
        view: Any = self.view
        listed = view.orderings and self.method == "GET"
        return f"{name.removesuffix('_retrieve')}_list" if listed else name

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/").removeprefix("v1/").partition("/")[0]]

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [] if self._needed() == PUBLIC else [{"bearer": []}]

    def get_override_parameters(self) -> list[Any]:
        view: Any = self.view
        found: list[Any] = [
            OpenApiParameter(name, OpenApiTypes.STR) for name in sorted(view.query_parameters)
        ]
        if view.orderings and self.method == "GET":
            found += _paging(view.orderings)
        if self._needed() not in UNSCOPED and "/workspaces/{" not in self.path:
            found.append(_header("X-Workspace-Id", OpenApiTypes.INT64, required=True))
        if self.method not in SAFE_METHODS and self._needed() != PUBLIC and view.keeps_replies:
            found.append(_header("Idempotency-Key", OpenApiTypes.STR))
        return found

    def get_operation(self, *arguments: Any, **options: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*arguments, **options)
        if operation:
            operation["responses"]["default"] = {
                "description": "A problem",
                "content": _error(self.path),
            }
            if self._needed() not in UNSCOPED:
                operation["x-permission"] = self._needed()
        return operation

    def _needed(self) -> str:
        return required(self.view, self.method)


def _error(path: str) -> dict[str, Any]:
    shape = shape_at(path)
    if shape is not None:
        return {"application/json": {"schema": shape.schema}}
    return {CONTENT_TYPE: {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}}


def _paging(orderings: tuple[str, ...]) -> list[OpenApiParameter]:
    names = sorted({name.removeprefix("-") for name in orderings})
    return [
        OpenApiParameter("cursor", OpenApiTypes.STR),
        OpenApiParameter(
            "limit",
            {
                "type": "integer",
                "minimum": 1,
                "maximum": pagination.MAX_LIMIT,
                "default": pagination.DEFAULT_LIMIT,
            },
        ),
        OpenApiParameter(
            "ordering",
            OpenApiTypes.STR,
            enum=[sign + name for name in names for sign in ("", "-")],
            default=orderings[0],
        ),
    ]


def _header(name: str, kind: OpenApiTypes, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=required)


def only_ours(endpoints: list[Any], **_: Any) -> list[Any]:
    """Preprocessing hook: the schema describes our API, not the sign-in pages of other packages."""
    ours = ("/api/v1/", *error_shapes)
    return [entry for entry in endpoints if entry[0].startswith(ours)]


def add_problem(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook: the problem document with every registered code."""
    with override("en"):
        codes = sorted(problems)
        result["components"].setdefault("schemas", {})[PROBLEM] = {
            "type": "object",
            "required": ["type", "title", "status", "detail", "code", "trace_id"],
            "properties": {
                "type": {"type": "string", "format": "uri-reference"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "code": {"type": "string", "enum": codes},
                "trace_id": {"type": "string"},
                "errors": {"type": "array", "maxItems": 100, "items": _field_error()},
            },
        }
    return result


def join_anything(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A field that may hold anything may hold null: `oneOf` of both would forbid it, as null fits twice."""

    def joined(part: Any) -> Any:
        if isinstance(part, list):
            return [joined(one) for one in part]
        if not isinstance(part, dict):
            return part
        kept = {name: joined(one) for name, one in part.items()}
        if kept.get("oneOf") == [{}, {"type": "null"}]:
            del kept["oneOf"]
        return kept

    found: dict[str, Any] = joined(result)
    return found


def add_sync(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook: what the feed carries, and how two writers of each type are reconciled."""
    result["paths"]["/api/v1/sync/"]["get"]["x-sync"] = {
        resource.type: {
            "address": resource.address,
            "schema": f"#/components/schemas/{resource.shape.__name__}",
            "conflict": resource.conflict,
        }
        for resource in sorted(sync_resources.values(), key=lambda resource: resource.type)
    }
    return result


def _field_error() -> dict[str, Any]:
    texts = {name: {"type": "string"} for name in ("pointer", "code", "message")}
    return {
        "type": "object",
        "required": ["pointer", "code", "message", "params"],
        "properties": {**texts, "params": {"type": "object"}},
    }
