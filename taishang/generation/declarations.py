"""What generation adds to the closed stores: rights, settings, file purposes, audit actions, body sizes."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import EVERYBODY, MANAGERS, WRITERS
from accounts.registry import (
    ConsolePanel,
    ConsoleRight,
    FirstStep,
    HomeCard,
    NavigationEntry,
    Permission,
    Problem,
    Usage,
)
from laojun import audit, definitions, files
from laojun.definitions import GLOBAL, INTEGER, WORKSPACE, Definition
from laojun.files import Purpose
from laojun.plugins.builtins import builtins
from laojun.plugins.hooks import hooks
from taishang.generation import figures, glances, points, submitting
from taishang.models.generation import MAX_UPLOAD_BYTES

ZIP = frozenset({"application/zip"})
MULTIPART_ROOM = 12 * 1024 * 1024
ARTIFACT_BYTES = 64 * 1024 * 1024
RIGHTS = (
    ("generation.view", "查看生成任务", "See generation jobs", EVERYBODY, "low"),
    ("generation.create", "新建生成任务", "Start generation jobs", WRITERS, "low"),
    ("generation.cancel", "取消生成任务", "Cancel generation jobs", WRITERS, "low"),
    ("generation.apply", "应用生成结果", "Apply generated back ends", WRITERS, "high"),
    ("generation.source.view", "查看上传的源码", "Read uploaded sources", MANAGERS, "high"),
    ("project.view", "查看项目", "See projects", EVERYBODY, "low"),
    ("project.create", "新建项目", "Make projects", WRITERS, "low"),
    ("project.update", "修改项目", "Change projects", WRITERS, "low"),
    ("project.delete", "删除项目", "Delete projects", MANAGERS, "high"),
)
ACTIONS = {
    "generation_job.create": _("started a generation job"),
    "generation_job.cancel": _("cancelled a generation job"),
    "generation_job.delete": _("erased a generation job"),
    "generation_job.revise": _("corrected a generation job"),
    "generation_job.download_source": _("read an uploaded export"),
    "project.create": _("made a project"),
    "project.rename": _("renamed a project"),
    "project.delete": _("deleted a project"),
    "project.purge": _("removed a project for good"),
    "project.apply": _("applied a generated back end"),
    "project.merge": _("merged a generated back end"),
    "project.revert": _("undid a version"),
}
BOTH = frozenset({GLOBAL, WORKSPACE})
SETTINGS = (
    Definition(
        key="generation.max_upload_bytes",
        kind=INTEGER,
        default=MAX_UPLOAD_BYTES,
        low=1024,
        high=MAX_UPLOAD_BYTES,
        group="generation",
        title=_("Largest export"),
        help=_("Bytes of an uploaded ZIP."),
        unit=_("bytes"),
    ),
    Definition(
        key="generation.max_chat_bytes",
        kind=INTEGER,
        default=10 * 1024 * 1024,
        low=1024,
        high=10 * 1024 * 1024,
        group="generation",
        title=_("Largest chat log"),
        unit=_("bytes"),
    ),
    Definition(
        key="generation.max_artifact_bytes",
        kind=INTEGER,
        default=ARTIFACT_BYTES,
        low=1024 * 1024,
        high=ARTIFACT_BYTES,
        group="generation",
        title=_("Largest artifact"),
        unit=_("bytes"),
    ),
    Definition(
        key="generation.max_running",
        kind=INTEGER,
        default=2,
        low=1,
        high=50,
        scopes=BOTH,
        group="generation",
        title=_("Jobs at once"),
        help=_(
            "Generation jobs that run at the same time in one workspace; further ones wait. "
            "The next job that is handed in sets the workspace's lane to it."
        ),
    ),
    Definition(
        key="generation.max_waiting",
        kind=INTEGER,
        default=20,
        low=1,
        high=1000,
        scopes=BOTH,
        group="generation",
        title=_("Waiting jobs"),
        help=_("Beyond this many, new jobs are refused until some have run."),
    ),
    Definition(
        key="generation.source_days",
        kind=INTEGER,
        default=30,
        low=1,
        high=365,
        group="generation",
        title=_("Days that exports and chat logs are kept"),
        unit=_("days"),
    ),
    Definition(
        key="generation.artifact_days",
        kind=INTEGER,
        default=90,
        low=1,
        high=3650,
        group="generation",
        title=_("Days that artifacts are kept"),
        unit=_("days"),
    ),
)
PROBLEMS = (
    ("too_many_jobs", 429, _("Too many jobs are waiting"), _("Try again when some have finished.")),
    ("not_ready", 409, _("Not ready yet"), _("Wait until the job has got that far.")),
    ("not_succeeded", 409, _("This job did not succeed"), _("Only a green result can be applied.")),
    ("not_finished", 409, _("Still working"), _("Cancel the job first, or wait for its end.")),
    ("expired", 410, _("No longer kept"), _("Its time has passed; run the export again.")),
    (
        "upload_too_large",
        413,
        _("The file is too large"),
        _("Leave out node_modules, build folders and media, and pack it again."),
    ),
    ("not_a_zip", 415, _("This is not a ZIP"), _("Pack it again as .zip.")),
    (
        "base_moved",
        409,
        _("The project has changed meanwhile"),
        _("Merge the result into the project's present state."),
    ),
    ("project_busy", 409, _("Somebody is changing this project"), _("Try again in a moment.")),
    (
        "reversal_blocked",
        409,
        _("Later versions depend on this one"),
        _("Undo the versions named in `versions` first."),
    ),
    (
        "edits_refused",
        422,
        _("Some corrections cannot be made"),
        _("See `errors` for the reason of each."),
    ),
    (
        "adapter_disabled",
        409,
        _("Reading front ends is switched off here"),
        _("Ask an operator to switch an adapter on."),
    ),
    (
        "emitter_disabled",
        409,
        _("Writing back ends is switched off here"),
        _("Ask an operator to switch the emitter on."),
    ),
    (
        "version_damaged",
        503,
        _("A stored version is damaged"),
        _("Other versions can still be read. An operator was told which part is affected."),
    ),
)
PURPOSES = {
    "generation.upload": Purpose(_("front-end export"), ZIP, "generation.max_upload_bytes"),
    "generation.chat": Purpose(_("chat log"), None, "generation.max_chat_bytes"),
    "generation.artifact": Purpose(_("generation artifact"), None, "generation.max_artifact_bytes"),
    "project.pack": Purpose(_("project version"), None, "generation.max_artifact_bytes"),
}


WAITING = Usage("generation.waiting", _("Generations that wait"), submitting.waiting)


def declare() -> None:
    _declare_plugins()
    for key, zh, en, roles, risk in RIGHTS:
        # Sources are read behind the doors of their job.
        within = "generation.view" if key == "generation.source.view" else ""
        registry.permissions.add(key, Permission(key, zh, en, roles, risk, within=within))
    for key, meaning in ACTIONS.items():
        audit.actions.add(key, meaning)
    for definition in SETTINGS:
        definitions.define(definition)
    for key, purpose in PURPOSES.items():
        files.purposes.add(key, purpose)
    for code, status, title, remedy in PROBLEMS:
        registry.problems.add(code, Problem(code, status, title, remedy))
    for prefix in ("/api/v1/generation-jobs/", "/generation/"):
        registry.body_limits.add(prefix, MAX_UPLOAD_BYTES + MULTIPART_ROOM)
    registry.navigation.add(
        "generation",
        NavigationEntry(
            key="generation",
            label=_("Generate"),
            url_name="generation_list",
            icon="flask",
            order=30,
            permission="generation.view",
        ),
    )
    registry.navigation.add(
        "projects",
        NavigationEntry(
            key="projects",
            label=_("Projects"),
            url_name="projects",
            icon="branch",
            order=60,
            permission="project.view",
            group="tools",
        ),
    )
    registry.usages.add(WAITING.key, WAITING)
    registry.page_limits.add("generation_new", {"POST": ("upload",)})
    registry.home_cards.add(
        "generation",
        HomeCard("generation", "continue", "generation/_home.html", glances.newest_jobs, order=20),
    )
    label = _("Turn a front end into a back end that runs")
    registry.first_steps.add(
        "generation",
        FirstStep("generation", label, "generation_list", glances.has_generated, order=20),
    )
    for model, view, change in (
        ("generationjob", "generation.view", "generation.cancel"),
        ("project", "project.view", "project.delete"),
    ):
        registry.console_rights.add(f"taishang.{model}", ConsoleRight(view, change))
    registry.console_panels.add(
        "generation",
        ConsolePanel(
            "generation",
            "admin/taishang/_generation_figures.html",
            figures.week,
            order=60,
            every_s=60,
            permission="generation.view",
        ),
    )


def _declare_plugins() -> None:
    for point in points.HOOKS:
        hooks.add(point.name, point)
    for builtin in points.builtins():
        builtins.add(builtin.slug, builtin)
