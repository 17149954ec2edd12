"""Writing agents: kept in versions, tried out, shared, copied, rated."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.registry import problems
from accounts.web import etags
from accounts.web.permissions import denied
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio.agents import behaviour, rating, saving, sharing, variables
from studio.agents.refusals import AgentRefused, UnknownVariable
from studio.api.helping import HelpView
from studio.api.requests import AIRequestOut
from studio.context import parts
from studio.models import Agent, AgentVersion
from studio.models.agent import MAX_PROMPT, OWN_CATEGORIES
from studio.requests import trying

MAX_SAMPLE = 4_000
MAX_NOTE = 500


class BehaviorIn(Serializer):
    """How the agent writes; each slider from 0 to 1."""

    creativity = serializers.FloatField(min_value=0, max_value=1, required=False)
    formality = serializers.FloatField(min_value=0, max_value=1, required=False)
    detailLevel = serializers.FloatField(min_value=0, max_value=1, required=False)  # noqa: N815
    emotionLevel = serializers.FloatField(min_value=0, max_value=1, required=False)  # noqa: N815
    pacing = serializers.ChoiceField(behaviour.PACES, required=False)


class AgentExampleIn(Serializer):
    input = serializers.CharField(max_length=MAX_SAMPLE)
    output = serializers.CharField(max_length=MAX_SAMPLE)


class VariableIn(Serializer):
    name = serializers.RegexField(rf"\A{variables.OWN_NAME.pattern}\Z")
    default = serializers.CharField(max_length=1_000, required=False, allow_blank=True, default="")


class AgentChangeIn(Serializer):
    """What can be said of an agent. `context_policy` names the parts of a work that it may be sent."""

    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=1_000, required=False, allow_blank=True)
    category = serializers.ChoiceField(OWN_CATEGORIES, required=False)
    system_prompt = serializers.CharField(max_length=MAX_PROMPT, required=False)
    behavior = BehaviorIn(required=False)
    knowledge = serializers.ListField(
        child=serializers.CharField(max_length=MAX_SAMPLE), max_length=20, required=False
    )
    examples = serializers.ListField(child=AgentExampleIn(), max_length=5, required=False)
    variables = serializers.ListField(
        child=VariableIn(), max_length=variables.MOST_OWN, required=False
    )
    context_policy = serializers.ListField(
        child=serializers.ChoiceField(list(parts.POLICY)), max_length=10, required=False
    )
    output_mode = serializers.ChoiceField(Agent.OutputMode.choices, required=False)
    model_preference = serializers.CharField(max_length=150, required=False, allow_blank=True)
    is_public = serializers.BooleanField(required=False, help_text="In the workspace's gallery.")
    note = serializers.CharField(
        max_length=MAX_NOTE, required=False, allow_blank=True, help_text="Of the version."
    )


class AgentIn(AgentChangeIn):
    name = serializers.CharField(max_length=100)
    system_prompt = serializers.CharField(max_length=MAX_PROMPT)


class AgentImportIn(Serializer):
    code = serializers.CharField(max_length=20)
    confirm = serializers.BooleanField(
        default=False, help_text="Without it the agent is only shown."
    )


class RatingIn(Serializer):
    stars = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField(max_length=1_000, required=False, allow_blank=True, default="")


class TrialIn(Serializer):
    text = serializers.CharField(max_length=MAX_SAMPLE)
    instruction = serializers.CharField(
        max_length=1_000, required=False, allow_blank=True, default=""
    )
    work = serializers.UUIDField()


class AgentRowOut(serializers.Serializer):
    """An agent in a list: no prompt."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    category = serializers.ChoiceField(Agent.Category.choices)
    subcategory = serializers.CharField()
    output_mode = serializers.ChoiceField(Agent.OutputMode.choices)
    user_id = serializers.UUIDField(allow_null=True)
    is_builtin = serializers.BooleanField()
    is_official = serializers.BooleanField()
    is_public = serializers.BooleanField()
    version = serializers.IntegerField()
    usage_count = serializers.IntegerField()
    rating = serializers.DecimalField(max_digits=4, decimal_places=2, allow_null=True)
    rating_count = serializers.IntegerField()
    updated_at = serializers.DateTimeField()


class AgentOut(AgentRowOut):
    """An agent. `parameters` are what its behaviour comes to; the share code is shown to its owner alone."""

    system_prompt = serializers.CharField()
    behavior = serializers.JSONField()
    knowledge = serializers.JSONField()
    examples = serializers.JSONField()
    variables = serializers.JSONField()
    context_policy = serializers.ListField(child=serializers.CharField())
    model_preference = serializers.CharField()
    parameters = serializers.SerializerMethodField()
    share_code = serializers.SerializerMethodField()
    share_expires_at = serializers.DateTimeField(allow_null=True)
    origin_agent_id = serializers.UUIDField(allow_null=True)
    origin_version = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_parameters(self, agent: Agent) -> dict[str, Any]:
        return behaviour.parameters(agent.behavior, most_output=10**6)

    def get_share_code(self, agent: Agent) -> str | None:
        user = self.context["principal"].user
        return agent.share_code if user and agent.user_id == user.pk else None


class AgentVersionOut(serializers.Serializer):
    """An agent as it was saved once."""

    version = serializers.IntegerField()
    system_prompt = serializers.CharField()
    behavior = serializers.JSONField()
    knowledge = serializers.JSONField()
    examples = serializers.JSONField()
    variables = serializers.JSONField()
    context_policy = serializers.ListField(child=serializers.CharField())
    output_mode = serializers.CharField()
    model_preference = serializers.CharField()
    author_id = serializers.UUIDField(allow_null=True)
    note = serializers.CharField()
    created_at = serializers.DateTimeField()


class AgentView(HelpView):
    """What every view of agents starts from."""

    def agent(self, agent_id: UUID) -> Agent:
        return self.find(Agent.objects.visible_to(self.principal), pk=agent_id)

    def editable(self, agent_id: UUID, *, optional: bool = True) -> Agent:
        """One's own agent, locked, whose current state `If-Match` names."""
        self.agent(agent_id)
        rows = Agent.objects.editable_by(self.principal)
        locked = rows.select_for_update(of=("self",)).filter(pk=agent_id).first()
        if locked is None:
            raise denied("agent.update")
        etags.require(
            self.request,
            locked,
            version=locked.row_version,
            thing=("agent", str(locked.pk)),
            optional=optional,
        )
        return locked

    def answered(self, agent: Agent, *, status: int = HTTPStatus.OK) -> Response:
        tag = etags.of(self.request, agent, version=agent.row_version)
        if self.request.method in {"GET", "HEAD"} and etags.matches(self.request, tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        return Response(self.shown(agent, AgentOut), status=status, headers={"ETag": tag})

    def values(self, shape: type[Serializer]) -> tuple[dict[str, Any], str]:
        given = self.read(shape)
        note = given.pop("note", "")
        for name in ("behavior",):
            if name in given:
                given[name] = dict(given[name])
        for name in ("examples", "variables"):
            if name in given:
                given[name] = [dict(one) for one in given[name]]
        return given, note


def told(refused: AgentRefused) -> Exception:
    """A refusal with the field it is about, where the field alone is at fault."""
    if not isinstance(refused, UnknownVariable):
        return refused
    message = str(problems[refused.code].title)
    names = ", ".join(refused.members["names"])
    return Invalid(
        [field_error(f"/{refused.field}", refused.code, f"{message}: {names}")], code=refused.code
    )


class Agents(AgentView):
    required_permissions: ClassVar = {"GET": "agent.view", "POST": "agent.create"}
    query_parameters = frozenset({"category", "output_mode", "mine"})
    orderings = ("-updated_at", "name")

    @extend_schema(responses=page_of(AgentRowOut))
    def get(self, request: Request) -> Response:
        """Your agents, the workspace's gallery and the platform's."""
        rows = Agent.objects.visible_to(self.principal).defer("system_prompt", "knowledge")
        for name in ("category", "output_mode"):
            if wanted := request.GET.get(name):
                rows = rows.filter(**{name: wanted})
        if request.GET.get("mine") == "true":
            rows = rows.filter(user=self.user)
        return self.page(rows, AgentRowOut)

    @extend_schema(request=AgentIn, responses={201: AgentOut})
    def post(self, request: Request) -> Response:
        """Make an agent; its first version is kept."""
        given, note = self.values(AgentIn)
        given.setdefault("context_policy", ["work_card", "entries", "synopses", "tail", "text"])
        try:
            agent = saving.create(principal=self.principal, values=given, note=note)
        except AgentRefused as refused:
            raise told(refused) from refused
        return self.answered(agent, status=HTTPStatus.CREATED)


class AgentDetail(AgentView):
    required_permissions: ClassVar = {
        "GET": "agent.view",
        "PATCH": "agent.update",
        "DELETE": "agent.delete",
    }

    @extend_schema(responses=AgentOut)
    def get(self, request: Request, agent_id: UUID) -> Response:
        """One agent with its prompt."""
        return self.answered(self.agent(agent_id))

    @extend_schema(request=AgentChangeIn, responses=AgentOut)
    def patch(self, request: Request, agent_id: UUID) -> Response:
        """Change it; a change of how it writes makes a version."""
        agent = self.editable(agent_id, optional=False)
        given, note = self.values(AgentChangeIn)
        try:
            saving.change(principal=self.principal, agent=agent, values=given, note=note)
        except AgentRefused as refused:
            raise told(refused) from refused
        return self.answered(agent)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, agent_id: UUID) -> Response:
        """Into the bin, for 30 days; its share code ends at once."""
        saving.remove(principal=self.principal, agent=self.editable(agent_id, optional=False))
        return Response(status=HTTPStatus.NO_CONTENT)


class AgentVersions(AgentView):
    required_permissions: ClassVar = {"GET": "agent.view"}
    orderings = ("-version",)

    @extend_schema(responses=page_of(AgentVersionOut))
    def get(self, request: Request, agent_id: UUID) -> Response:
        """What the agent was, version by version."""
        rows = AgentVersion.objects.visible_to(self.principal).filter(agent=self.agent(agent_id))
        return self.page(rows, AgentVersionOut)


class AgentVersionRestoration(AgentView):
    required_permissions: ClassVar = {"POST": "agent.update"}

    @extend_schema(request=None, responses=AgentOut)
    def post(self, request: Request, agent_id: UUID, number: int) -> Response:
        """Write again as that version did; it becomes another version."""
        agent = self.editable(agent_id)
        version = self.find(AgentVersion.objects.filter(agent=agent), version=number)
        saving.roll_back(principal=self.principal, agent=agent, version=version)
        return self.answered(agent)


class AgentPreview(AgentView):
    required_permissions: ClassVar = {"POST": "model.use"}
    rate_limits: ClassVar = {"POST": ("ai",)}

    @extend_schema(request=TrialIn, responses={202: AIRequestOut})
    def post(self, request: Request, agent_id: UUID) -> Response:
        """Try it on a sample: a real call, which is billed."""
        agent = self.agent(agent_id)
        given = self.read(TrialIn)
        work = self.work(given["work"])
        asked = trying.attempt(
            principal=self.principal,
            agent=agent,
            work=work,
            text=given["text"],
            instruction=given["instruction"],
        )
        shown = self.shown(asked.request, AIRequestOut)
        return Response(shown, status=HTTPStatus.ACCEPTED)


class AgentShare(AgentView):
    required_permissions: ClassVar = {"POST": "agent.update", "DELETE": "agent.update"}
    reply_holds_secret = True

    @extend_schema(request=None, responses=AgentOut)
    def post(self, request: Request, agent_id: UUID) -> Response:
        """A code by which others copy it, for 30 days; it replaces the one before."""
        agent = sharing.share(principal=self.principal, agent=self.editable(agent_id))
        return self.answered(agent)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, agent_id: UUID) -> Response:
        """End the code at once."""
        sharing.revoke(principal=self.principal, agent=self.editable(agent_id))
        return Response(status=HTTPStatus.NO_CONTENT)


class AgentRatingDetail(AgentView):
    required_permissions: ClassVar = {"PUT": "agent.view", "DELETE": "agent.view"}

    @extend_schema(request=RatingIn, responses=AgentRowOut)
    def put(self, request: Request, agent_id: UUID) -> Response:
        """Your stars for it, in place of those you gave before."""
        agent = self.agent(agent_id)
        given: Mapping[str, Any] = self.read(RatingIn)
        rated = rating.rate(
            principal=self.principal,
            agent=agent,
            stars=given["stars"],
            comment=given["comment"],
        )
        return Response(self.shown(rated, AgentRowOut))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, agent_id: UUID) -> Response:
        """Take your stars back."""
        rating.unrate(principal=self.principal, agent=self.agent(agent_id))
        return Response(status=HTTPStatus.NO_CONTENT)


class SharedAgentOut(serializers.Serializer):
    """An agent that somebody shares, as it may be copied."""

    name = serializers.CharField()
    description = serializers.CharField()
    system_prompt = serializers.CharField()
    behavior = serializers.JSONField()
    knowledge = serializers.JSONField()
    examples = serializers.JSONField()
    variables = serializers.JSONField()
    context_policy = serializers.ListField(child=serializers.CharField())
    output_mode = serializers.CharField()
    version = serializers.IntegerField()


class AgentImports(AgentView):
    required_permissions: ClassVar = {"POST": "agent.create"}
    rate_limits: ClassVar = {"POST": ("studio.share_code",)}
    keeps_replies = False

    @extend_schema(request=AgentImportIn, responses={200: SharedAgentOut, 201: AgentOut})
    def post(self, request: Request) -> Response:
        """The agent behind a code: shown first, copied with `confirm`."""
        given = self.read(AgentImportIn)
        if given["confirm"]:
            copy = sharing.take(principal=self.principal, code=given["code"])
            return self.answered(copy, status=HTTPStatus.CREATED)
        return Response(self.shown(sharing.find(given["code"]), SharedAgentOut))
