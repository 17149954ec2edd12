"""A generation job: an uploaded front end, and the back end that follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from taishang.models.project import ProjectVersion

if TYPE_CHECKING:
    from accounts.authentication import Principal

HEX_64 = r"^[0-9a-f]{64}$"
# Selections of a version that mean everything.
WHOLE: list[dict[str, list[str]]] = [{}, {"endpoints": [], "models": [], "files": []}]
MAX_UPLOAD_BYTES = 52_428_800


class GenerationJobQuerySet(models.QuerySet["GenerationJob"]):
    def visible_to(self, principal: Principal) -> GenerationJobQuerySet:
        """The jobs of the principal's workspace, for those who may view them; row-level security says the rest."""
        if not principal.may("generation.view"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id)

    def erasable_by(self, principal: Principal) -> GenerationJobQuerySet:
        """One's own jobs; everybody's for those who may read everybody's sources."""
        visible = self.visible_to(principal)
        if principal.may("generation.source.view"):
            return visible
        may = principal.may("generation.create")
        return visible.filter(user=principal.user) if may else visible.none()

    def with_task(self) -> GenerationJobQuerySet:
        """State, progress and error live in the task; lists read them in the same query."""
        return self.select_related("task", "project", "user")

    def with_applied(self) -> GenerationJobQuerySet:
        """Add what of each job stands in a project, for the property `applied`; no further query."""
        commits = ProjectVersion.objects.filter(job_id=models.OuterRef("pk")).exclude(
            kind=ProjectVersion.Kind.REVERSAL
        )
        undone = ProjectVersion.objects.filter(reverts_id=models.OuterRef("pk"))
        standing = commits.filter(~models.Exists(undone))
        return self.annotate(
            was_applied=models.Exists(commits),
            stands=models.Exists(standing),
            stands_whole=models.Exists(standing.filter(selection__in=WHOLE)),
        )

    def same_input(self, job: GenerationJob) -> GenerationJobQuerySet:
        """Finished jobs of the same export, chat log and options."""
        return self.filter(
            zip_sha256=job.zip_sha256,
            chat_sha256=job.chat_sha256,
            options_sha256=job.options_sha256,
            task__state="succeeded",
        ).exclude(pk=job.pk)


class GenerationJob(models.Model):
    """One run over one export. Its task carries state, progress and error under the same key."""

    class Source(models.TextChoices):
        BOLT = "bolt", "Bolt"
        V0 = "v0", "v0"
        LOVABLE = "lovable", "Lovable"
        RETOOL = "retool", "Retool"
        UNKNOWN = "unknown", _("hand-made or unknown")

    class Stage(models.TextChoices):
        INTAKE = "intake", _("Unpacking")
        INVENTORY = "inventory", _("Taking stock")
        EVIDENCE = "evidence", _("Reading the code")
        IR = "ir", _("Drawing the blueprint")
        REFINE = "refine", _("Refining")
        RENDER = "render", _("Writing the back end")
        VERIFY = "verify", _("Running it")
        DIFF = "diff", _("Comparing")
        DONE = "done", _("Done")

    task = models.OneToOneField(
        "taishang.Task",
        on_delete=models.RESTRICT,
        primary_key=True,
        db_column="id",
        related_name="generation_job",
    )
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    project = models.ForeignKey(
        "taishang.Project",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="jobs",
        db_constraint=False,
    )
    parent = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="children", db_constraint=False
    )

    name = models.CharField(max_length=120)
    upload_path = models.TextField()
    upload_file = models.ForeignKey(
        "laojun.File", on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    chat_path = models.TextField(null=True)
    chat_file = models.ForeignKey(
        "laojun.File", on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    zip_sha256 = models.CharField(max_length=64)
    chat_sha256 = models.CharField(max_length=64, blank=True)
    options_sha256 = models.CharField(max_length=64)
    base_tree_sha256 = models.CharField(max_length=64, blank=True)
    base_commit = models.CharField(max_length=40, blank=True)
    zip_bytes = models.BigIntegerField()
    kept_files = models.IntegerField(default=0)
    ignored_files = models.IntegerField(default=0)

    source = models.CharField(max_length=10, choices=Source.choices, default=Source.UNKNOWN)
    source_score = models.IntegerField(default=0)
    framework = models.CharField(max_length=40, blank=True)
    languages = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    edits = models.JSONField(default=list)
    adapters = models.JSONField(default=dict)
    core_version = models.CharField(max_length=20, blank=True)
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.INTAKE)
    stage_timings = models.JSONField(default=dict)
    # What the child process took: seconds, cpu_seconds, peak_bytes (of its whole tree), sandbox (strong, partial).
    usage = models.JSONField(default=dict)

    core_ir_sha256 = models.CharField(max_length=64, null=True)
    ir_sha256 = models.CharField(max_length=64, null=True)
    tree_sha256 = models.CharField(max_length=64, null=True)
    diff_sha256 = models.CharField(max_length=64, null=True)
    diff = models.JSONField(null=True)
    summary = models.JSONField(default=dict)
    verification = models.JSONField(default=list)
    warnings = models.JSONField(default=list)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = GenerationJobQuerySet.as_manager()

    # Only on rows read `with_applied`.
    was_applied: bool
    stands: bool
    stands_whole: bool

    class Meta:
        db_table = "tai_generation_jobs"
        verbose_name = _("generation job")
        verbose_name_plural = _("generation jobs")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(zip_sha256__regex=HEX_64)
                & models.Q(options_sha256__regex=HEX_64)
                & (models.Q(chat_sha256="") | models.Q(chat_sha256__regex=HEX_64)),
                name="tai_generation_jobs_hashes_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(zip_bytes__range=(1, MAX_UPLOAD_BYTES))
                & models.Q(kept_files__gte=0, ignored_files__gte=0),
                name="tai_generation_jobs_sizes_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(source__in=["bolt", "v0", "lovable", "retool", "unknown"]),
                name="tai_generation_jobs_source_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    stage__in=[
                        "intake",
                        "inventory",
                        "evidence",
                        "ir",
                        "refine",
                        "render",
                        "verify",
                        "diff",
                        "done",
                    ]
                ),
                name="tai_generation_jobs_stage_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(diff__isnull=True) | models.Q(diff__schema="gen.diff/1"),
                name="tai_generation_jobs_diff_ck",
            ),
        ]
        indexes = [
            # The list page, newest first.
            models.Index(fields=["workspace", "-created_at"], name="tai_generation_jobs_ws_ix"),
            models.Index(fields=["user", "-created_at"], name="tai_generation_jobs_user_ix"),
            # "You already ran exactly this."
            models.Index(fields=["workspace", "zip_sha256"], name="tai_generation_jobs_zip_ix"),
            models.Index(fields=["project"], name="tai_generation_jobs_project_ix"),
        ]

    def __str__(self) -> str:
        return self.name

    # Queries

    def artifact(self, kind: str) -> GenerationArtifact | None:
        return self.artifacts.filter(kind=kind).select_related("file").first()

    # Properties

    @property
    def status(self) -> str:
        """The state in the word integrators know."""
        state: str = self.task.state
        return "completed" if state == "succeeded" else state

    @property
    def applied(self) -> str:
        """none, partial, full or reverted; of rows read `with_applied`."""
        if self.stands_whole:
            return "full"
        if self.stands:
            return "partial"
        return "reverted" if self.was_applied else "none"


class GenerationArtifact(models.Model):
    """A file that a job made: what was read, the blueprint, the tree, the patch, the log."""

    class Kind(models.TextChoices):
        REDACTED_UPLOAD = "redacted_upload", _("cleaned export")
        CHAT = "chat", _("chat log")
        EVIDENCE = "evidence", _("evidence")
        CORE_IR = "core_ir", _("blueprint before edits")
        IR = "ir", _("blueprint")
        REFINE_LOG = "refine_log", _("edits")
        TREE = "tree", _("project")
        DIFF = "diff", _("difference")
        PATCH = "patch", _("patch")
        OPENAPI = "openapi", _("OpenAPI")
        VERIFY_LOG = "verify_log", _("log of the checks")
        REPLAY = "replay", _("replayed calls")

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    job = models.ForeignKey(GenerationJob, on_delete=models.CASCADE, related_name="artifacts")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    file = models.ForeignKey(
        "laojun.File", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tai_generation_artifacts"
        verbose_name = _("artifact")
        verbose_name_plural = _("artifacts")
        constraints = [
            models.UniqueConstraint(
                fields=["job", "kind"], name="tai_generation_artifacts_kind_uniq"
            ),
            models.CheckConstraint(
                condition=models.Q(size_bytes__range=(0, 67_108_864)),
                name="tai_generation_artifacts_size_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.job_id}"
