"""What people connected: models, the names that stand for them, and what they cost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.authentication import Principal

DEFAULT_ALIAS = "@default"
MAX_FALLBACKS = 4
ALIAS_PATTERN = r"^@[a-z][a-z0-9-]{0,31}$"
# No `@` (it separates the version), no control characters, no space at the edges.
NAME_PATTERN = r"^[^@[:cntrl:][:space:]]([^@[:cntrl:]]*[^@[:cntrl:][:space:]])?$"
CURRENCY_PATTERN = r"^[A-Z]{3}$"


class Kind(models.TextChoices):
    CHAT = "chat", _("chat")
    EMBEDDING = "embedding", _("embedding")
    RERANK = "rerank", _("reranking")


class ModelQuerySet(models.QuerySet["Model"]):
    def visible_to(self, principal: Principal) -> ModelQuerySet:
        """The platform's, the workspace's and one's own, but deleted ones. Row-level security says the same."""
        if principal.user is None or not principal.may("model.view"):
            return self.none()
        return self.reachable(principal.workspace_id, principal.user.id)

    def usable_by(self, principal: Principal) -> ModelQuerySet:
        """Those that a call may be made with."""
        if not principal.may("model.use"):
            return self.none()
        return self.visible_to(principal).exclude(status=Model.Status.DISABLED)

    def editable_by(self, principal: Principal) -> ModelQuerySet:
        """One's own with `model.own`, the workspace's with `model.manage`; the platform's never here."""
        if principal.user is None:
            return self.none()
        mine = Q(scope=Model.Scope.USER, owner_id=principal.user.id)
        ours = Q(scope=Model.Scope.WORKSPACE)
        allowed = Q(pk=None)
        if principal.may("model.own"):
            allowed |= mine
        if principal.may("model.manage"):
            allowed |= ours
        return self.visible_to(principal).filter(allowed)

    def reachable(self, workspace_id: int | None, owner_id: object) -> ModelQuerySet:
        """What somebody in a workspace can see, whatever they may do with it."""
        return self.filter(deleted_at__isnull=True).filter(
            Q(scope=Model.Scope.PLATFORM)
            | Q(scope=Model.Scope.WORKSPACE, workspace_id=workspace_id)
            | Q(scope=Model.Scope.USER, workspace_id=workspace_id, owner_id=owner_id)
        )

    def live(self) -> ModelQuerySet:
        return self.filter(deleted_at__isnull=True)

    def active(self) -> ModelQuerySet:
        return self.live().filter(status=Model.Status.ACTIVE)

    def of_place(self, workspace_id: int | None, owner_id: object = None) -> ModelQuerySet:
        """Those that belong to one place itself: the platform, a workspace, or a person in one."""
        return self.live().filter(workspace_id=workspace_id, owner_id=owner_id)


class Model(models.Model):
    """One version of one model that somebody connected: where it is reached, what it can, who may use it.

    After its first use what it *is* never changes (trigger `tai_models_guard`); prices are copied here by the
    trigger of `tai_model_prices` alone. Prices are per 1,000 tokens.
    """

    class Scope(models.TextChoices):
        PLATFORM = "platform", _("platform")
        WORKSPACE = "workspace", _("workspace")
        USER = "user", _("personal")

    class Provider(models.TextChoices):
        OPENAI = "openai", "OpenAI"
        ANTHROPIC = "anthropic", "Anthropic"
        DEEPSEEK = "deepseek", "DeepSeek"
        OLLAMA = "ollama", "Ollama"
        OPENAI_COMPATIBLE = "openai_compatible", _("OpenAI-compatible server")
        LOCAL = "local", _("local model")
        ECHO = "echo", "echo"
        SCRIPTED = "scripted", "scripted"

    class Status(models.TextChoices):
        ACTIVE = "active", _("in use")
        DISABLED = "disabled", _("switched off")
        DEPRECATED = "deprecated", _("outdated")

    class Tokenizer(models.TextChoices):
        O200K = "o200k", "o200k"
        CL100K = "cl100k", "cl100k"
        QWEN = "qwen", "Qwen"
        DEEPSEEK = "deepseek", "DeepSeek"
        SERVER = "server", _("asked of the server")
        ESTIMATE = "estimate", _("estimated")

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(_("scope"), max_length=10, choices=Scope.choices)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    owner = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )

    name = models.CharField(_("name"), max_length=100)
    version = models.PositiveIntegerField(_("version"), default=1)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.CHAT)
    provider = models.CharField(_("provider"), max_length=20, choices=Provider.choices)
    model_id = models.CharField(_("model"), max_length=200)
    family = models.CharField(_("family"), max_length=60, blank=True)
    quantization = models.CharField(_("quantisation"), max_length=30, blank=True)
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    metadata = models.JSONField(_("notes"), default=dict, blank=True)
    base_url = models.CharField(_("address"), max_length=2048, blank=True)
    api_key_encrypted = models.TextField(blank=True, editable=False)

    context_window = models.PositiveIntegerField(_("context window"), default=8192)
    max_output_tokens = models.PositiveIntegerField(_("longest answer"), default=4096)
    embedding_dimension = models.PositiveIntegerField(_("dimension"), null=True, blank=True)
    max_batch = models.PositiveIntegerField(_("inputs per call"), default=1)
    tokenizer = models.CharField(
        _("token counting"), max_length=10, choices=Tokenizer.choices, default=Tokenizer.ESTIMATE
    )
    supports_streaming = models.BooleanField(_("streams"), default=True)
    supports_function_calling = models.BooleanField(_("calls tools"), default=False)
    supports_json_schema = models.BooleanField(_("obeys a JSON schema"), default=False)
    supports_vision = models.BooleanField(_("sees images"), default=False)
    supports_system = models.BooleanField(_("takes a system prompt"), default=True)
    max_parallel = models.PositiveSmallIntegerField(_("calls at a time"), null=True, blank=True)
    connect_timeout_s = models.PositiveSmallIntegerField(null=True, blank=True)
    first_token_timeout_s = models.PositiveSmallIntegerField(null=True, blank=True)
    idle_timeout_s = models.PositiveSmallIntegerField(null=True, blank=True)
    total_timeout_s = models.PositiveSmallIntegerField(null=True, blank=True)
    quota_exempt = models.BooleanField(_("outside quotas"), default=False)
    is_free_tier = models.BooleanField(_("in the free plan"), default=False)

    input_price = models.DecimalField(max_digits=18, decimal_places=10, null=True, editable=False)
    output_price = models.DecimalField(max_digits=18, decimal_places=10, null=True, editable=False)
    currency = models.CharField(_("currency"), max_length=3, blank=True, editable=False)
    price_known = models.BooleanField(_("price known"), default=False, editable=False)

    status = models.CharField(
        _("state"), max_length=10, choices=Status.choices, default=Status.ACTIVE
    )
    is_default = models.BooleanField(_("default"), default=False)
    last_test_at = models.DateTimeField(null=True, editable=False)
    last_test_ok = models.BooleanField(null=True, editable=False)
    last_test_ms = models.PositiveIntegerField(null=True, editable=False)
    last_test_error_class = models.CharField(max_length=30, blank=True, editable=False)
    row_version = models.BigIntegerField(default=0, editable=False)
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    first_used_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ModelQuerySet.as_manager()

    class Meta:
        db_table = "tai_models"
        verbose_name = _("AI model")
        verbose_name_plural = _("AI models")
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="platform", workspace__isnull=True, owner__isnull=True)
                | Q(scope="workspace", workspace__isnull=False, owner__isnull=True)
                | Q(scope="user", workspace__isnull=False, owner__isnull=False),
                name="tai_models_scope_ck",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["chat", "embedding", "rerank"]), name="tai_models_kind_ck"
            ),
            models.CheckConstraint(
                condition=Q(
                    provider__in=[
                        "openai",
                        "anthropic",
                        "deepseek",
                        "ollama",
                        "openai_compatible",
                        "local",
                        "echo",
                        "scripted",
                    ]
                ),
                name="tai_models_provider_ck",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["active", "disabled", "deprecated"]),
                name="tai_models_status_ck",
            ),
            models.CheckConstraint(
                condition=Q(
                    tokenizer__in=["o200k", "cl100k", "qwen", "deepseek", "server", "estimate"]
                ),
                name="tai_models_tokenizer_ck",
            ),
            models.CheckConstraint(
                condition=Q(name__regex=NAME_PATTERN), name="tai_models_name_ck"
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1) & ~Q(model_id=""), name="tai_models_version_ck"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="embedding",
                    embedding_dimension__isnull=False,
                    embedding_dimension__range=(1, 16000),
                )
                | (~Q(kind="embedding") & Q(embedding_dimension__isnull=True)),
                name="tai_models_dimension_ck",
            ),
            models.CheckConstraint(
                condition=Q(context_window__gte=1, max_output_tokens__gte=1, max_batch__gte=1)
                & (Q(max_parallel__isnull=True) | Q(max_parallel__gte=1)),
                name="tai_models_sizes_ck",
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(status="active", deleted_at__isnull=True),
                name="tai_models_default_ck",
            ),
            models.UniqueConstraint(
                fields=["workspace", "owner", "name", "version"],
                condition=Q(deleted_at__isnull=True),
                nulls_distinct=False,
                name="tai_models_version_uniq",
            ),
            models.UniqueConstraint(
                fields=["workspace", "owner", "kind"],
                condition=Q(is_default=True, deleted_at__isnull=True),
                nulls_distinct=False,
                name="tai_models_default_uniq",
            ),
        ]
        indexes = [
            # What operators search in the notes.
            GinIndex(fields=["metadata"], name="tai_models_metadata_ix"),
            # A reference by name, and the list of a workspace.
            models.Index(
                fields=["workspace", "name", "-version"],
                condition=Q(deleted_at__isnull=True),
                name="tai_models_name_ix",
            ),
            # What a person leaves behind.
            models.Index(
                fields=["owner"],
                condition=Q(owner__isnull=False),
                name="tai_models_owner_ix",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def has_api_key(self) -> bool:
        return bool(self.api_key_encrypted)

    @property
    def is_frozen(self) -> bool:
        """Whether it was used, so that what it is never changes again."""
        return self.first_used_at is not None


class ModelAliasQuerySet(models.QuerySet["ModelAlias"]):
    def visible_to(self, principal: Principal) -> ModelAliasQuerySet:
        """The workspace's and the platform's."""
        if not principal.may("model.view"):
            return self.none()
        return self.filter(Q(workspace_id=principal.workspace_id) | Q(workspace_id__isnull=True))

    def editable_by(self, principal: Principal) -> ModelAliasQuerySet:
        if principal.workspace_id is None or not principal.may("model.manage"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id)

    def current(self) -> ModelAliasQuerySet:
        return self.filter(valid_to__isnull=True)

    def revisions(self, workspace_id: int | None, name: str, kind: str) -> ModelAliasQuerySet:
        """The history of one name in one place, newest first."""
        found = self.filter(workspace_id=workspace_id, name=name, kind=kind)
        return found.order_by("-revision")


class ModelAlias(models.Model):
    """One revision of a name that stands for a model. Rows are never changed but to close `valid_to`."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    name = models.CharField(_("alias"), max_length=33)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    revision = models.PositiveIntegerField(_("revision"))
    # A model never goes while a name stands for it; the end of a workspace takes both.
    model = models.ForeignKey(Model, on_delete=models.RESTRICT, related_name="aliases")
    fallback_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    on_quota = models.CharField(_("when costs are used up"), max_length=33, null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    changed_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    valid_from = models.DateTimeField(_("since"))
    valid_to = models.DateTimeField(_("until"), null=True)

    objects = ModelAliasQuerySet.as_manager()

    class Meta:
        db_table = "tai_model_aliases"
        verbose_name = _("model alias")
        verbose_name_plural = _("model aliases")
        constraints = [
            models.CheckConstraint(
                condition=Q(name__regex=ALIAS_PATTERN)
                & (Q(on_quota__isnull=True) | Q(on_quota__regex=ALIAS_PATTERN)),
                name="tai_model_aliases_name_ck",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["chat", "embedding", "rerank"]),
                name="tai_model_aliases_kind_ck",
            ),
            models.CheckConstraint(
                condition=Q(revision__gte=1, fallback_ids__len__lte=MAX_FALLBACKS)
                & (Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from"))),
                name="tai_model_aliases_revision_ck",
            ),
            models.UniqueConstraint(
                fields=["workspace", "name", "kind", "revision"],
                nulls_distinct=False,
                name="tai_model_aliases_revision_uniq",
            ),
            models.UniqueConstraint(
                fields=["workspace", "name", "kind"],
                condition=Q(valid_to__isnull=True),
                nulls_distinct=False,
                name="tai_model_aliases_current_uniq",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}) r{self.revision}"


class ModelPriceQuerySet(models.QuerySet["ModelPrice"]):
    def of(self, model: Model, workspace_id: int | None) -> ModelPriceQuerySet:
        """What a workspace can see of a model's prices: its own rows and the model's."""
        return self.filter(model=model).filter(
            Q(workspace_id=workspace_id) | Q(workspace_id__isnull=True)
        )

    def valid_at(self, model: Model, workspace_id: int | None, at: datetime) -> ModelPriceQuerySet:
        """The row in force first: the workspace's own, else the model's; the youngest that had begun."""
        return (
            self.of(model, workspace_id)
            .filter(effective_from__lte=at)
            .order_by(F("workspace_id").asc(nulls_last=True), "-effective_from")
        )


class ModelPrice(models.Model):
    """What a model costs from a moment on, per 1,000 tokens in `currency`; NULL is unknown, 0 is free.

    A workspace's row overrides the platform's for that workspace alone. `fx_rate` turns `currency` into the
    platform's own. Rows are never changed.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="prices")
    input_price = models.DecimalField(
        _("input"), max_digits=18, decimal_places=10, null=True, blank=True
    )
    output_price = models.DecimalField(
        _("output"), max_digits=18, decimal_places=10, null=True, blank=True
    )
    cached_input_price = models.DecimalField(
        _("cached input"), max_digits=18, decimal_places=10, null=True, blank=True
    )
    currency = models.CharField(_("currency"), max_length=3)
    fx_rate = models.DecimalField(
        _("exchange rate"), max_digits=18, decimal_places=10, default=Decimal(1)
    )
    effective_from = models.DateTimeField(_("from"))
    note = models.CharField(_("note"), max_length=500, blank=True)
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ModelPriceQuerySet.as_manager()

    class Meta:
        db_table = "tai_model_prices"
        verbose_name = _("model price")
        verbose_name_plural = _("model prices")
        constraints = [
            models.CheckConstraint(
                condition=(Q(input_price__isnull=True) | Q(input_price__gte=0))
                & (Q(output_price__isnull=True) | Q(output_price__gte=0))
                & (Q(cached_input_price__isnull=True) | Q(cached_input_price__gte=0))
                & Q(fx_rate__gt=0),
                name="tai_model_prices_sign_ck",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=CURRENCY_PATTERN), name="tai_model_prices_currency_ck"
            ),
            models.UniqueConstraint(
                fields=["model", "workspace", "effective_from"],
                nulls_distinct=False,
                name="tai_model_prices_moment_uniq",
            ),
        ]

    def __str__(self) -> str:
        return f"price #{self.pk} of model #{self.model_id}"

    @property
    def rates(self) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
        """Input, cached input and output in the platform's currency, per 1,000 tokens; None is unknown."""
        cached = self.input_price if self.cached_input_price is None else self.cached_input_price
        return (
            _converted(self.input_price, self.fx_rate),
            _converted(cached, self.fx_rate),
            _converted(self.output_price, self.fx_rate),
        )


def _converted(price: Decimal | None, rate: Decimal) -> Decimal | None:
    return None if price is None else price * rate
