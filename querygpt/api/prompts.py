"""What models are told: the platform's texts, the workspace's, one's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
from accounts.web.permissions import denied
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from querygpt import prompts
from querygpt.api.teaching import TeachingView
from querygpt.api.terms import chosen
from querygpt.drafting import previewing
from querygpt.models import Prompt
from querygpt.models.prompt import MAX_CONTENT

PREVIEW_QUESTION = 500
LEVELS = {
    "system": Q(workspace__isnull=True),
    "workspace": Q(workspace__isnull=False, user__isnull=True),
    "user": Q(user__isnull=False),
}


class PromptFieldsIn(Serializer):
    name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    content_zh = serializers.CharField(
        max_length=MAX_CONTENT, required=False, allow_blank=True, trim_whitespace=False
    )
    content_en = serializers.CharField(
        max_length=MAX_CONTENT, required=False, allow_blank=True, trim_whitespace=False
    )
    is_active = serializers.BooleanField(required=False)


class PromptIn(PromptFieldsIn):
    type = serializers.ChoiceField(Prompt.Type.choices)
    level = serializers.RegexField(
        r"^(user|workspace)$", default="user", help_text="`user` or `workspace`."
    )


class PreviewIn(Serializer):
    """`content_zh` and `content_en` stand for texts that are not saved yet."""

    language = serializers.ChoiceField(prompts.LANGUAGES, default="zh")
    connection_id = serializers.UUIDField(required=False, allow_null=True)
    question = serializers.CharField(max_length=PREVIEW_QUESTION, required=False, allow_blank=True)
    content_zh = serializers.CharField(max_length=MAX_CONTENT, required=False, allow_blank=True)
    content_en = serializers.CharField(max_length=MAX_CONTENT, required=False, allow_blank=True)


class PromptOut(serializers.Serializer):
    """A text at its level; where a language is empty the level above holds."""

    id = serializers.UUIDField()
    type = serializers.ChoiceField(Prompt.Type.choices)
    level = serializers.CharField()
    name = serializers.CharField()
    content_zh = serializers.CharField()
    content_en = serializers.CharField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class PreviewMessageOut(serializers.Serializer):
    role = serializers.CharField()
    content = serializers.CharField()


class PreviewOut(serializers.Serializer):
    """The whole prompt as a model would get it; no model is called."""

    language = serializers.CharField()
    tokens = serializers.IntegerField()
    messages = PreviewMessageOut(many=True)


@contextmanager
def faults_named() -> Iterator[None]:
    """An unknown placeholder is a fault of the text that names it."""
    try:
        yield
    except prompts.PlaceholderUnknown as refused:
        message = _("Unknown placeholders: %(names)s") % {"names": ", ".join(refused.names)}
        raise Invalid([field_error(refused.field, "unknown_placeholder", message)]) from refused


class PromptView(TeachingView):
    def prompt(self, prompt_id: UUID, *, lock: bool = False) -> Prompt:
        rows = Prompt.objects.visible_to(self.principal)
        return self.find(rows.select_for_update() if lock else rows, pk=prompt_id)

    def seen(self, prompt_id: UUID) -> Prompt:
        """The text, locked, whose current state `If-Match` names; who may only read it is told so."""
        prompt = self.prompt(prompt_id)
        if not Prompt.objects.editable_by(self.principal).filter(pk=prompt.pk).exists():
            raise denied("querygpt.operate" if prompt.level == "system" else "prompt.manage")
        locked = self.prompt(prompt_id, lock=True)
        etags.require(self.request, locked, optional=True)
        return locked


class Prompts(PromptView):
    required_permissions: ClassVar = {"GET": "connection.view", "POST": "prompt.update"}
    query_parameters = frozenset({"type", "level"})
    orderings = ("type", "-updated_at")

    @extend_schema(responses=page_of(PromptOut))
    def get(self, request: Request) -> Response:
        """The texts that hold for you: the platform's, the workspace's, your own."""
        rows = Prompt.objects.visible_to(self.principal)
        if (wanted := request.GET.get("type")) is not None:
            rows = rows.filter(type=chosen("type", wanted, Prompt.Type.values))
        if (wanted := request.GET.get("level")) is not None:
            rows = rows.filter(LEVELS[chosen("level", wanted, list(LEVELS))])
        return self.page(rows, PromptOut)

    @extend_schema(request=PromptIn, responses={201: PromptOut})
    def post(self, request: Request) -> Response:
        """Say something else than the level above: for yourself, or with `level: workspace` for everybody here."""
        given = self.read(PromptIn)
        level = given.pop("level")
        if level == "workspace" and not self.principal.may("prompt.manage"):
            raise denied("prompt.manage")
        require_content(given)
        with faults_named():
            made = prompts.create(
                workspace_id=self.workspace_id,
                user=self.user if level == "user" else None,
                given=given,
                actor=self.actor,
            )
        return self.tagged(made, PromptOut, status=HTTPStatus.CREATED)


class PromptDetail(PromptView):
    required_permissions: ClassVar = {
        "GET": "connection.view",
        "PATCH": "prompt.update",
        "DELETE": "prompt.update",
    }

    @extend_schema(responses=PromptOut)
    def get(self, request: Request, prompt_id: UUID) -> Response:
        return self.tagged(self.prompt(prompt_id), PromptOut)

    @extend_schema(request=PromptFieldsIn, responses=PromptOut)
    def patch(self, request: Request, prompt_id: UUID) -> Response:
        """Change a text of one's own, or of the workspace."""
        prompt = self.seen(prompt_id)
        given = self.read(PromptFieldsIn)
        require_content({**prompts.facts(prompt), **given})
        with faults_named():
            changed = prompts.change(prompt=prompt, given=given, actor=self.actor)
        return self.tagged(changed, PromptOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, prompt_id: UUID) -> Response:
        """Reset: the level above holds again."""
        prompts.reset(prompt=self.seen(prompt_id), actor=self.actor)
        return Response(status=HTTPStatus.NO_CONTENT)


class PromptPreview(PromptView):
    required_permissions: ClassVar = {"POST": "connection.view"}

    @extend_schema(request=PreviewIn, responses=PreviewOut)
    def post(self, request: Request, prompt_id: UUID) -> Response:
        """The final prompt with this text in its place, and its tokens. No model is called."""
        prompt = self.prompt(prompt_id)
        given: dict[str, Any] = self.read(PreviewIn)
        for field in ("content_zh", "content_en"):
            if field in given:
                setattr(prompt, field, given[field])
        with faults_named():
            prompts.check(given)
        shown = previewing.preview(
            prompt=prompt,
            language=given["language"],
            connection=self.named(given.get("connection_id")),
            question=given.get("question", ""),
            reader=self.user,
        )
        return Response(PreviewOut(shown).data)


def require_content(given: dict[str, Any]) -> None:
    if not any((given.get(name) or "").strip() for name in ("content_zh", "content_en")):
        message = _("Write the text in at least one language.")
        raise Invalid([field_error("content_zh", "required", message)])
