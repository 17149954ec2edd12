"""The glossary: words of the house and what they mean in SQL."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from querygpt.api.teaching import TeachingView
from querygpt.knowledge import checking, terms
from querygpt.knowledge.checking import Fault
from querygpt.knowledge.refusals import ExpressionRefused
from querygpt.models import Term
from querygpt.models.knowledge import MAX_TERM

MAX_EXPRESSION = 4_000
MAX_SYNONYMS = 20


class TermFieldsIn(Serializer):
    kind = serializers.ChoiceField(Term.Kind.choices, required=False)
    name_zh = serializers.CharField(max_length=MAX_TERM, required=False, allow_blank=True)
    name_en = serializers.CharField(max_length=MAX_TERM, required=False, allow_blank=True)
    synonyms = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TERM), max_length=MAX_SYNONYMS, required=False
    )
    table = serializers.CharField(max_length=511, required=False)
    expression = serializers.CharField(
        max_length=MAX_EXPRESSION,
        required=False,
        allow_blank=True,
        help_text="What stands for the word in a SELECT from the table; a condition for a filter; empty for an alias.",
    )
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class TermIn(TermFieldsIn):
    connection_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="Null: for the whole workspace."
    )
    kind = serializers.ChoiceField(Term.Kind.choices)
    table = serializers.CharField(max_length=511)


class TermChangeIn(TermFieldsIn):
    state = serializers.ChoiceField(["valid", "off"], required=False)


class TermOut(serializers.Serializer):
    """A word. A broken one is not used; `reason` says what no longer holds."""

    id = serializers.UUIDField()
    connection_id = serializers.UUIDField(allow_null=True)
    connection_name = serializers.CharField(source="connection.name", allow_null=True, default=None)
    kind = serializers.ChoiceField(Term.Kind.choices)
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    synonyms = serializers.ListField(child=serializers.CharField())
    table = serializers.CharField()
    expression = serializers.CharField()
    description = serializers.CharField()
    state = serializers.ChoiceField(Term.State.choices)
    reason = serializers.CharField()
    created_by_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class TermView(TeachingView):
    def term(self, term_id: UUID, *, lock: bool = False) -> Term:
        rows = Term.objects.visible_to(self.principal).select_related("connection")
        return self.find(rows.select_for_update(of=("self",)) if lock else rows, pk=term_id)

    def checked(self, term: Term) -> Any:
        """A question to the guard whether the term would hold."""
        places = terms.places_of(workspace_id=self.workspace_id, connection=term.connection)
        return partial(
            checking.of_term,
            connections=places,
            kind=term.kind,
            table=term.table,
            expression=term.expression,
        )


class Terms(TermView):
    required_permissions: ClassVar = {"GET": "connection.view", "POST": "knowledge.update"}
    query_parameters = frozenset({"q", "state", "kind", "connection"})
    orderings = ("-created_at", "updated_at")

    @extend_schema(responses=page_of(TermOut))
    def get(self, request: Request) -> Response:
        """The words of the workspace and of the databases you see."""
        rows = Term.objects.visible_to(self.principal).select_related("connection")
        for name, choices in (("state", Term.State.values), ("kind", Term.Kind.values)):
            if (wanted := request.GET.get(name)) is not None:
                rows = rows.filter(**{name: chosen(name, wanted, choices)})
        if (place := request.GET.get("connection")) is not None:
            rows = rows.filter(connection__in=[identified("connection", place)])
        if text := request.GET.get("q"):
            rows = rows.filter(
                Q(name_zh__icontains=text)
                | Q(name_en__icontains=text)
                | Q(synonyms__icontains=text)
                | Q(description__icontains=text)
            )
        return self.page(rows, TermOut)

    @extend_schema(request=TermIn, responses={201: TermOut})
    def post(self, request: Request) -> Response:
        """Teach a word. Its expression must pass the guard on the table it belongs to."""
        given = self.read(TermIn)
        given["connection"] = self.named(given.pop("connection_id", None))
        given.setdefault("expression", "")
        require_names(given)
        term = Term(**given)
        require_expression(term)

        def write(fault: Fault | None) -> Response:
            refuse(fault)
            made = terms.create(
                workspace_id=self.workspace_id, given=given, by=self.user, actor=self.actor
            )
            return self.tagged(made, TermOut, status=HTTPStatus.CREATED)

        return self.afterwards(self.checked(term), write)


class TermDetail(TermView):
    required_permissions: ClassVar = {
        "GET": "connection.view",
        "PATCH": "knowledge.update",
        "DELETE": "knowledge.update",
    }

    @extend_schema(responses=TermOut)
    def get(self, request: Request, term_id: UUID) -> Response:
        return self.tagged(self.term(term_id), TermOut)

    @extend_schema(request=TermChangeIn, responses=TermOut)
    def patch(self, request: Request, term_id: UUID) -> Response:
        """Change a word, or switch it off. A changed expression passes the guard first."""
        term = self.term(term_id)
        etags.require(request, term, optional=True)
        given = self.read(TermChangeIn)
        for name, value in given.items():
            setattr(term, name, value)
        require_names({"name_zh": term.name_zh, "name_en": term.name_en})
        require_expression(term)
        version = term.version

        def write(fault: Fault | None) -> Response:
            refuse(fault)
            locked = self.term(term_id, lock=True)
            if locked.version != version:
                etags.require(request, locked, optional=True)
            return self.tagged(terms.change(term=locked, given=given, actor=self.actor), TermOut)

        is_judged = terms.JUDGED & given.keys() or given.get("state") == Term.State.VALID
        return self.afterwards(self.checked(term), write) if is_judged else write(None)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, term_id: UUID) -> Response:
        term = self.term(term_id, lock=True)
        etags.require(request, term, optional=True)
        terms.remove(term=term, actor=self.actor)
        return Response(status=HTTPStatus.NO_CONTENT)


def refuse(fault: Fault | None) -> None:
    if fault is not None:
        raise ExpressionRefused(fault.rule, fault.reason)


def require_names(given: dict[str, Any]) -> None:
    if not any((given.get(name) or "").strip() for name in ("name_zh", "name_en")):
        raise Invalid([field_error("name_zh", "required", _("Give a name in one language."))])


def require_expression(term: Term) -> None:
    if term.kind != Term.Kind.ALIAS and not term.expression.strip():
        raise Invalid([field_error("expression", "required", _("Say what the word stands for."))])


def chosen(name: str, wanted: str, choices: list[str]) -> str:
    """A value of a filter. Raises Invalid for any but the choices."""
    if wanted not in choices:
        message = _("One of: %(names)s") % {"names": ", ".join(choices)}
        raise Invalid([field_error(name, "invalid_choice", message)])
    return wanted


def identified(name: str, text: str) -> UUID:
    """An id of a filter. Raises Invalid where it is none."""
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid([field_error(name, "invalid", _("This is no id."))]) from error
