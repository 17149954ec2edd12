"""Proposals: looked at, taken whole or in part, refused, refined."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.problems import Refused
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio import proposals
from studio.api.helping import MAX_INSTRUCTION, HelpView, fields_named
from studio.api.requests import AIRequestOut
from studio.models import Chapter, Proposal
from studio.requests import refining

MAX_HUNKS = 10_000


class AcceptanceIn(Serializer):
    """Which changes to take; all without `hunks`. With a range the whole proposal is put there."""

    hunks = serializers.ListField(
        child=serializers.IntegerField(min_value=0), max_length=MAX_HUNKS, required=False
    )
    range_start = serializers.IntegerField(min_value=0, required=False)
    range_end = serializers.IntegerField(min_value=0, required=False)


class RefinementIn(Serializer):
    instruction = serializers.CharField(min_length=1, max_length=MAX_INSTRUCTION)
    model = serializers.CharField(max_length=150, required=False, allow_blank=True)


class ProposalOut(serializers.Serializer):
    """What the AI would write. Units: positions are code points; `standing_at` is null where the passage has changed."""

    id = serializers.UUIDField()
    request = serializers.UUIDField(source="request_id")
    work = serializers.UUIDField(source="work_id")
    chapter = serializers.UUIDField(source="chapter_id", allow_null=True)
    variant = serializers.IntegerField()
    base_revision = serializers.IntegerField(allow_null=True)
    text = serializers.CharField()
    hunks = serializers.JSONField()
    accepted_hunks = serializers.ListField(child=serializers.IntegerField())
    is_partial = serializers.BooleanField()
    state = serializers.ChoiceField(Proposal.State.choices)
    start_position = serializers.IntegerField(allow_null=True)
    end_position = serializers.IntegerField(allow_null=True)
    standing_at = serializers.SerializerMethodField()
    applied_revision = serializers.IntegerField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_standing_at(self, proposal: Proposal) -> int | None:
        chapter = proposal.chapter
        return proposals.stands(proposal, chapter) if chapter else None


class ProposalRowOut(serializers.Serializer):
    """A proposal in a list: no texts."""

    id = serializers.UUIDField()
    request = serializers.UUIDField(source="request_id")
    chapter = serializers.UUIDField(source="chapter_id", allow_null=True)
    variant = serializers.IntegerField()
    is_partial = serializers.BooleanField()
    state = serializers.ChoiceField(Proposal.State.choices)
    created_at = serializers.DateTimeField()


class TextChangeOut(serializers.Serializer):
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    text = serializers.CharField()


class AcceptanceOut(serializers.Serializer):
    """What taking it did: the changes that make the former text the present one, the new revision."""

    proposal = ProposalOut()
    revision = serializers.IntegerField(allow_null=True)
    content_sha256 = serializers.CharField()
    is_moved = serializers.BooleanField(help_text="The passage stood elsewhere than before.")
    changes = TextChangeOut(many=True)
    created = serializers.ListField(child=serializers.UUIDField(), help_text="New chapters.")


class ProposalView(HelpView):
    def proposal(self, proposal_id: UUID) -> Proposal:
        rows = Proposal.objects.visible_to(self.principal).select_related("chapter")
        return self.find(rows, pk=proposal_id)

    def writable(self, proposal_id: UUID) -> tuple[Proposal, Chapter | None]:
        """The proposal with its chapter, locked, in which the person may write."""
        found = self.proposal(proposal_id)
        if found.chapter_id is None:
            self.work(found.work_id, "write")
            return found, None
        rows = Chapter.objects.editable_by(self.principal)
        chapter = rows.select_for_update(of=("self",)).filter(pk=found.chapter_id).first()
        if chapter is None:
            raise Refused("permission_denied")
        return found, chapter


class WorkProposals(ProposalView):
    required_permissions: ClassVar = {"GET": "work.view"}
    query_parameters = frozenset({"state", "chapter"})
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(ProposalRowOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        """The proposals of a work, the newest first: what waits to be decided, and what was."""
        work = self.work(work_id, "read")
        rows = Proposal.objects.visible_to(self.principal).filter(work=work).defer("text", "hunks")
        if state := request.GET.get("state"):
            rows = rows.filter(state=state)
        if chapter := request.GET.get("chapter"):
            rows = rows.filter(chapter_id=self.find(Chapter.objects.visible_to(self.principal), pk=chapter).pk)  # fmt: skip
        return self.page(rows, ProposalRowOut)


class ProposalDetail(ProposalView):
    required_permissions: ClassVar = {"GET": "work.view"}

    @extend_schema(responses=ProposalOut)
    def get(self, request: Request, proposal_id: UUID) -> Response:
        """One proposal, with where it stands in the chapter now."""
        return Response(self.shown(self.proposal(proposal_id), ProposalOut))


class ProposalAcceptance(ProposalView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=AcceptanceIn, responses=AcceptanceOut)
    def post(self, request: Request, proposal_id: UUID) -> Response:
        """Take it. `If-Match` names the chapter's revision that was seen; the former text stays as a version."""
        found, chapter = self.writable(proposal_id)
        given = self.read(AcceptanceIn)
        if chapter is not None:
            etags.require(
                self.request, chapter, version=chapter.revision, thing=("chapter", str(chapter.pk))
            )
        span = None
        if "range_start" in given:
            span = (given["range_start"], given.get("range_end", given["range_start"]))
        with fields_named():
            done = proposals.accept(
                principal=self.principal,
                proposal=found,
                chapter=chapter,
                hunks=given.get("hunks"),
                span=span,
            )
        return Response(self.shown(done, AcceptanceOut))


class ProposalDismissal(ProposalView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=None, responses=ProposalOut)
    def post(self, request: Request, proposal_id: UUID) -> Response:
        """Refuse what is still open of it."""
        found, _chapter = self.writable(proposal_id)
        discarded = proposals.discard(principal=self.principal, proposal=found)
        return Response(self.shown(discarded, ProposalOut))


class ProposalRefinement(ProposalView):
    required_permissions: ClassVar = {"POST": "model.use"}
    rate_limits: ClassVar = {"POST": ("ai",)}

    @extend_schema(request=RefinementIn, responses={202: AIRequestOut})
    def post(self, request: Request, proposal_id: UUID) -> Response:
        """Ask once more about the same passage, with this text and a further wish; a request of its own."""
        found = self.proposal(proposal_id)
        self.work(found.work_id)
        given: dict[str, Any] = self.read(RefinementIn)
        asked = refining.refine(principal=self.principal, proposal=found, given=given)
        shown = self.shown(asked.request, AIRequestOut)
        return Response(
            shown,
            status=HTTPStatus.ACCEPTED,
            headers={"Location": f"/api/v1/ai-requests/{asked.request.pk}/stream/"},
        )
