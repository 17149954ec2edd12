"""Writing agents: how the AI is asked, in frozen versions; those of the platform, of people, of workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7
from studio.models.base import Owned, one_of

if TYPE_CHECKING:
    from accounts.authentication import Principal

MAX_PROMPT = 20_000
# What people may make; the platform's own are built in.
OWN_CATEGORIES = ["custom", "genre", "task"]


class AgentQuerySet(models.QuerySet["Agent"]):
    def visible_to(self, principal: Principal) -> AgentQuerySet:
        """One's own, the workspace's gallery, and those of the platform."""
        if principal.user is None or not principal.may("agent.view"):
            return self.none()
        here = Q(workspace_id=principal.workspace_id)
        return self.alive().filter(
            Q(workspace__isnull=True) | here & (Q(user=principal.user) | Q(is_public=True))
        )

    def editable_by(self, principal: Principal) -> AgentQuerySet:
        if principal.user is None or not principal.may("agent.update"):
            return self.none()
        return self.alive().filter(workspace_id=principal.workspace_id, user=principal.user)

    def alive(self) -> AgentQuerySet:
        return self.filter(deleted_at__isnull=True)

    def binned(self) -> AgentQuerySet:
        return self.filter(deleted_at__isnull=False)

    def binned_by(self, principal: Principal) -> AgentQuerySet:
        """One's own in the bin."""
        if principal.user is None or not principal.may("agent.delete"):
            return self.none()
        return self.binned().filter(workspace_id=principal.workspace_id, user=principal.user)


class Agent(models.Model):
    """An agent as it is now. Without a workspace it is the platform's. `version` numbers its frozen versions.

    `rating` is the weighted mean that is shown; `rating_sum` and `rating_count` are what it is made of.
    """

    class Category(models.TextChoices):
        BUILTIN = "builtin", _("built in")
        CUSTOM = "custom", _("own")
        GENRE = "genre", _("for a genre")
        TASK = "task", _("for a task")

    class OutputMode(models.TextChoices):
        PROSE = "prose", _("prose")
        OUTLINE = "outline", _("outline")
        FINDINGS = "findings", _("findings")
        CHAT = "chat", _("conversation")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=1000, blank=True)
    avatar_url = models.CharField(max_length=500, blank=True)
    category = models.CharField(
        _("category"), max_length=7, choices=Category.choices, default=Category.CUSTOM
    )
    subcategory = models.CharField(max_length=50, blank=True)
    system_prompt = models.TextField(_("prompt"))
    behavior = models.JSONField(default=dict)
    knowledge = models.JSONField(default=list)
    examples = models.JSONField(default=list)
    variables = models.JSONField(default=list)
    context_policy = ArrayField(models.CharField(max_length=30), default=list)
    output_mode = models.CharField(
        max_length=8, choices=OutputMode.choices, default=OutputMode.PROSE
    )
    model_preference = models.CharField(max_length=150, blank=True)
    is_builtin = models.BooleanField(default=False)
    is_public = models.BooleanField(_("in the gallery"), default=False)
    is_official = models.BooleanField(default=False)
    version = models.IntegerField(default=1)
    row_version = models.BigIntegerField(default=0)

    share_code = models.CharField(max_length=8, null=True, unique=True)
    shared_at = models.DateTimeField(null=True)
    share_expires_at = models.DateTimeField(null=True)
    origin_agent_id = models.UUIDField(null=True)
    origin_version = models.IntegerField(null=True)

    usage_count = models.BigIntegerField(default=0)
    rating = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    rating_sum = models.IntegerField(default=0)
    rating_count = models.IntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AgentQuerySet.as_manager()

    class Meta:
        db_table = "studio_agents"
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user", "name"],
                condition=Q(deleted_at__isnull=True),
                nulls_distinct=False,
                name="studio_agents_name_uniq",
            ),
            one_of("category", ["builtin", "custom", "genre", "task"], "studio_agents_category_ck"),
            one_of(
                "output_mode", ["prose", "outline", "findings", "chat"], "studio_agents_output_ck"
            ),
            models.CheckConstraint(
                condition=Q(is_builtin=True, workspace__isnull=True)
                | Q(is_builtin=False, workspace__isnull=False),
                name="studio_agents_builtin_ck",
            ),
            models.CheckConstraint(
                condition=Q(share_code__isnull=True) | Q(share_code__regex=r"^[A-HJ-NP-Z2-9]{8}$"),
                name="studio_agents_code_ck",
            ),
        ]
        indexes = [models.Index(fields=["user"], name="studio_agents_user_ix")]

    def __str__(self) -> str:
        return self.name


class AgentVersionQuerySet(models.QuerySet["AgentVersion"]):
    def visible_to(self, principal: Principal) -> AgentVersionQuerySet:
        return self.filter(agent__in=Agent.objects.visible_to(principal))


class AgentVersion(models.Model):
    """An agent as it was saved once. Requests name the version that they were made with."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    # A plain reference: agents of the platform have no workspace to be bound by.
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="versions")
    version = models.IntegerField()
    system_prompt = models.TextField()
    behavior = models.JSONField(default=dict)
    knowledge = models.JSONField(default=list)
    examples = models.JSONField(default=list)
    variables = models.JSONField(default=list)
    context_policy = ArrayField(models.CharField(max_length=30), default=list)
    output_mode = models.CharField(max_length=8, default=Agent.OutputMode.PROSE)
    model_preference = models.CharField(max_length=150, blank=True)
    author = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AgentVersionQuerySet.as_manager()

    class Meta:
        db_table = "studio_agent_versions"
        verbose_name = _("version of an agent")
        verbose_name_plural = _("versions of agents")
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "version"], name="studio_agent_versions_number_uniq"
            ),
        ]

    def __str__(self) -> str:
        return str(self.version)


class AgentRatingQuerySet(models.QuerySet["AgentRating"]):
    def visible_to(self, principal: Principal) -> AgentRatingQuerySet:
        return self.filter(agent__in=Agent.objects.visible_to(principal))


class AgentRating(Owned):
    """One person's stars for an agent, given in one workspace."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="ratings")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    stars = models.SmallIntegerField(_("stars"))
    comment = models.CharField(_("comment"), max_length=1000, blank=True)

    objects = AgentRatingQuerySet.as_manager()

    class Meta:
        db_table = "studio_agent_ratings"
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "user"], name="studio_agent_ratings_person_uniq"
            ),
            models.CheckConstraint(
                condition=Q(stars__range=(1, 5)), name="studio_agent_ratings_stars_ck"
            ),
        ]

    def __str__(self) -> str:
        return str(self.stars)
