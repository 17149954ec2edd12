"""The base of every API view: declared permissions, strict input, pages, tags and replays.

A view names what each method needs in `required_permissions` and the query parameters it reads in
`query_parameters`; the methods then parse, call one operation and answer.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models
from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import parsers, serializers
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import sessions
from accounts.authentication import Principal
from accounts.models import User
from accounts.web import etags, idempotency, pagination, throttles
from accounts.web.authentication import PrincipalAuthentication, principal_of
from accounts.web.parsing import MAX_JSON_BYTES, MAX_VALUES, JsonParser, JsonRenderer, check_text
from accounts.web.permissions import DeclaredPermission
from accounts.web.problems import Invalid, Refused, field_error

Row = TypeVar("Row", bound=models.Model)


class ApiView(APIView):
    """A noun of the API. Methods are `get`, `post`, `put`, `patch`, `delete`."""

    # Method (or viewset action) → permission key, or PUBLIC, SIGNED_IN, OPERATOR of `web.permissions`.
    required_permissions: ClassVar[Mapping[str, str]] = {}
    # Method → the limit classes it falls under, each registered in `accounts.registry.limit_classes`.
    rate_limits: ClassVar[Mapping[str, tuple[str, ...]]] = throttles.BY_METHOD
    # Names the query string may hold; lists add paging by themselves.
    query_parameters: ClassVar[frozenset[str]] = frozenset()
    # Columns a list may be ordered by, the default first; empty for views that answer no list.
    orderings: ClassVar[tuple[str, ...]] = ()
    # An API key may not use this view at all.
    people_only: ClassVar[bool] = False
    # An API key may only read here.
    people_only_writes: ClassVar[bool] = False
    # Writes go through although the workspace is suspended or being deleted.
    works_while_frozen: ClassVar[bool] = False
    # The reply shows a secret once and is never stored for replay.
    reply_holds_secret: bool = False
    # Replies may be kept for a request that is repeated with the same `Idempotency-Key`.
    keeps_replies: ClassVar[bool] = True
    max_json_bytes: ClassVar[int] = MAX_JSON_BYTES
    max_json_values: ClassVar[int] = MAX_VALUES

    authentication_classes = [PrincipalAuthentication]
    permission_classes = [DeclaredPermission]
    parser_classes: Any = [JsonParser]
    renderer_classes = [JsonRenderer]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @property
    def principal(self) -> Principal:
        return principal_of(self.request)

    @property
    def user(self) -> User:
        """The person who asks. Only for methods that are not PUBLIC."""
        if self.principal.user is None:
            raise Refused("authentication_required")
        return self.principal.user

    @property
    def workspace_id(self) -> int:
        """The workspace the request acts in. Only for methods that need a permission key."""
        if self.principal.workspace_id is None:
            raise Refused("workspace_required")
        return self.principal.workspace_id

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        method = str(request.method).lower()
        if method not in self.http_method_names or not hasattr(self, method):
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise Refused("unsupported_media_type")
        if any(isinstance(value, str) and "\x00" in value for value in kwargs.values()):
            raise Http404
        self._check_query(request)
        if request.method not in SAFE_METHODS and self.keeps_replies:
            # The instance's own handler, so that REST framework's dispatch finds the guarded one.
            setattr(self, method, idempotency.once(self, getattr(self, method)))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        tagged = "ETag" in response
        response.headers.setdefault(
            "Cache-Control", f"private, no-{'cache' if tagged else 'store'}"
        )
        return response

    def require_fresh(self) -> None:
        """Refuse unless the person proved within ten minutes who they are; no key can."""
        if self.principal.api_key_id:
            raise Refused("person_required")
        if not sessions.is_fresh(self.principal.session_id, now=timezone.now()):
            raise Refused("reauth_required")

    # What a request holds

    def read(self, serializer: type[serializers.Serializer], **options: Any) -> dict[str, Any]:
        """The checked body. Raises a validation problem that lists every fault."""
        if isinstance(self.request.data, QueryDict):
            _check_form(self.request.data)
        form = serializer(data=self.request.data, context={"request": self.request}, **options)
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def find(self, queryset: models.QuerySet[Row], **lookup: Any) -> Row:
        """The one row of a queryset the person may see; anything else, malformed ids too, is a 404."""
        try:
            return queryset.get(**lookup)
        except (ObjectDoesNotExist, ValidationError, ValueError, OverflowError) as error:
            raise Http404 from error

    # What it is answered

    def page(self, queryset: models.QuerySet, shape: type[serializers.BaseSerializer]) -> Response:
        """One page of the queryset, its rows shown by the serializer `shape`."""
        found = pagination.page(self.request, queryset, orderings=self.orderings)
        return Response(found.body(self.shown(found.rows, shape, many=True)))

    def tagged(
        self,
        row: models.Model,
        shape: type[serializers.BaseSerializer],
        *,
        status: int = HTTPStatus.OK,
    ) -> Response:
        """A row with its ETag, or 304 when the reader has it; the row is shown only when it must be."""
        tag = etags.of(self.request, row)
        if self.request.method in {"GET", "HEAD"} and etags.matches(self.request, tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        return Response(self.shown(row, shape), status=status, headers={"ETag": tag})

    def shown(
        self, value: Any, shape: type[serializers.BaseSerializer], *, many: bool = False
    ) -> Any:
        """Plain data of a row (or of many) as the serializer shows it to this person."""
        return shape(value, many=many, context={"principal": self.principal}).data

    def _check_query(self, request: Request) -> None:
        allowed = self.query_parameters | (pagination.PARAMETERS if self.orderings else frozenset())
        unknown = [name for name in request.GET if name not in allowed]
        if unknown:
            message = _("This operation takes no such parameter.")
            errors = [field_error(name[:100], "unknown_parameter", message) for name in unknown]
            raise Invalid(errors, code="unknown_parameter")
        _check_form(request.GET)


class UploadView(ApiView):
    """A view whose POST takes files as `multipart/form-data` (and fields as JSON where no file is sent)."""

    rate_limits = {**throttles.BY_METHOD, "POST": ("upload",)}
    parser_classes = [parsers.MultiPartParser, JsonParser]


def _check_form(form: QueryDict) -> None:
    for _name, values in form.lists():
        for value in values:
            if isinstance(value, str):
                check_text(value)
