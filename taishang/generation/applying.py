"""The only module that changes a project: applying results, merging them, and undoing versions."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.authentication import Principal
from accounts.models import User
from laojun import audit
from taishang import projects, queue
from taishang.generation import packing, reading, selecting, verify
from taishang.generation.ir import Blueprint
from taishang.generation.packing import Conflict
from taishang.generation.render import drafting, render
from taishang.generation.selecting import Selection
from taishang.generation.trees import Tree, tree_sha256
from taishang.models import GenerationJob, Project, ProjectVersion, Task
from taishang.projects import Change, ProjectBusy
from taishang.runs import Permanent, RetryLater, Run

APPLY, MERGE = "apply", "merge"
BUSY_SECONDS = 2.0


class NotSucceeded(Exception):
    """Only a green result is applied."""

    code = "not_succeeded"


class BaseMoved(Exception):
    """The project is no longer what the result was made for. `conflicts` is set when a merge needs a person."""

    code = "base_moved"

    def __init__(self, files: list[str], conflicts: list[Conflict] | None = None) -> None:
        super().__init__(f"{len(files)} files")
        self.files = files
        self.conflicts = conflicts or []
        shown = [
            {"path": one.path, "hunks": [vars(hunk) for hunk in one.hunks]}
            for one in self.conflicts
        ]
        self.members = {"files": files[:500], "conflicts": shown, "offer": MERGE}


class ReversalBlocked(Exception):
    """Later versions build on the one to be undone."""

    code = "reversal_blocked"

    def __init__(self, versions: list[int]) -> None:
        super().__init__(str(versions))
        self.members = {"versions": versions}


@dataclass(frozen=True)
class Plan:
    """What an application would take. `added` is what the closure brought along."""

    endpoints: list[str]
    models: list[str]
    files: list[str]
    added: list[str]
    is_whole: bool
    base_moved: list[str]


def plan(*, job: GenerationJob, selection: Selection) -> Plan:
    """Compute the closure and look at the base; writes nothing. Raises NotSucceeded, UnknownItem."""
    _check_green(job)
    difference = reading.diff(job=job)
    taken = selecting.closure(
        blueprint=reading.blueprint(job=job), difference=difference, selection=selection
    )
    keys = {*taken.endpoints, *taken.models}
    files = [
        entry["path"]
        for entry in difference["files"]
        if selection.is_everything or not entry["items"] or keys & set(entry["items"])
    ]
    return Plan(
        endpoints=taken.endpoints,
        models=taken.models,
        files=files,
        added=taken.added,
        is_whole=selection.is_everything,
        base_moved=_moved_files(job, difference),
    )


def apply(
    *,
    principal: Principal,
    job: GenerationJob,
    selection: Selection | None = None,
    mode: str = APPLY,
    resolutions: dict[str, list[str]] | None = None,
    message: str = "",
) -> ProjectVersion | Task:
    """Commit a result to its project: at once when it is taken whole, as a task when it must be run again.

    Raises NotSucceeded, BaseMoved, ProjectBusy, UnknownItem, VersionDamaged.
    """
    _check_green(job)
    selection = selection or Selection()
    project = _project_for(principal, job)
    if mode == MERGE:
        _check_conflicts(project, job, resolutions or {})
    elif selection.is_everything:
        return _apply_whole(principal, project, job, message)
    else:
        taken = plan(job=job, selection=selection)
        if taken.base_moved:
            raise BaseMoved(taken.base_moved)
    return queue.enqueue(
        kind="generation_application",
        payload={
            "job": str(job.pk),
            "mode": mode,
            "selection": selection.model_dump(),
            "resolutions": resolutions or {},
            "message": message[:500],
        },
        workspace=job.workspace_id,
        user=principal.user,
        subject_type="generation_job",
        subject_id=str(job.pk),
    )


def revert(*, principal: Principal, version: ProjectVersion) -> ProjectVersion | Task:
    """Undo a version by a new commit: the head at once and byte for byte, an older one by a verified task.

    Raises ReversalBlocked, ProjectBusy, VersionDamaged.
    """
    user = _person(principal)
    project = projects.locked(version.project)
    _check_revertible(project, version)
    if project.head_version_id == version.pk:
        return _revert_head(principal, project, version, user)
    return queue.enqueue(
        kind="generation_reversal",
        payload={"version": version.pk},
        workspace=version.workspace_id,
        user=user,
        subject_type="project",
        subject_id=str(project.pk),
    )


def revert_job(*, principal: Principal, job: GenerationJob) -> ProjectVersion | Task:
    """Undo the newest version that this job wrote and nobody has undone. Raises NotSucceeded when there is none."""
    undone = ProjectVersion.objects.filter(reverts__isnull=False).values("reverts")
    newest = job.versions.exclude(pk__in=undone).order_by("-number").first()
    if newest is None:
        raise NotSucceeded
    return revert(principal=principal, version=newest)


def run_application(run: Run) -> None:
    """The worker's side of a partial application or a merge: render, run, commit."""
    payload = run.payload
    with run.database():
        job = GenerationJob.objects.with_task().get(pk=UUID(payload["job"]))
        user = User.objects.get(pk=run.user_id)
        project = job.project
        if project is None:
            raise Permanent("expired", _("The project is gone."))
        head = projects.head(project)
        if head is None:
            raise Permanent("expired", _("The project has no version."))
        ours = projects.tree(version=head)
        before = projects.blueprint(version=head)
        result = reading.tree(job=job)
        plan_of_job = reading.blueprint(job=job)
        difference = reading.diff(job=job)
        base = _merge_base(job, project)
    selection = Selection.model_validate(payload.get("selection", {}))
    taken = selecting.closure(blueprint=plan_of_job, difference=difference, selection=selection)
    addition = selecting.part(blueprint=plan_of_job, taken=taken)
    blueprint = selecting.joined(head=before, addition=addition)
    run.progress(20, 100, _("Writing the back end"))
    if payload["mode"] == MERGE:
        theirs = result if selection.is_everything else render(blueprint=addition, previous=base)
        tree = _merged(base, ours, theirs, payload.get("resolutions", {}))
    else:
        tree = render(blueprint=blueprint, previous=ours)
    run.check()
    _verify(run, blueprint, tree)
    kind = "merge" if payload["mode"] == MERGE else "application"
    change = Change(
        kind=kind,
        tree=tree,
        blueprint=blueprint,
        message=_message(job, payload.get("message", "")),
        job=job,
        selection=selection.model_dump(),
        generated=kind == "application",
    )
    _commit(run, project, head, change, user)


def run_reversal(run: Run) -> None:
    """The worker's side of undoing an older version: take its changes out of the head, run, commit."""
    with run.database():
        version = ProjectVersion.objects.select_related("project").get(pk=run.payload["version"])
        user = User.objects.get(pk=run.user_id)
        head = projects.head(version.project)
        parent = projects.previous(version)
        if head is None or parent is None:
            raise Permanent("reversal_blocked", _("The first version cannot be undone."))
        trees = [projects.tree(version=one) for one in (version, head, parent)]
        blueprint = projects.blueprint(version=head)
        gone = projects.blueprint(version=version)
        kept = projects.blueprint(version=parent)
    base, ours, theirs = trees
    tree = _merged(base, ours, theirs, {})
    remaining = _without_items(blueprint, gone, kept)
    _verify(run, remaining, tree)
    change = Change(
        kind="reversal",
        tree=tree,
        blueprint=remaining,
        message=f"Undo version {version.number}\n",
        reverts=version,
    )
    _commit(run, version.project, head, change, user)


def _apply_whole(
    principal: Principal, project: Project, job: GenerationJob, message: str
) -> ProjectVersion:
    project = projects.locked(project)
    moved = _moved_files(job, reading.diff(job=job), project)
    if moved:
        raise BaseMoved(moved)
    change = Change(
        kind="application",
        tree=reading.tree(job=job),
        blueprint=reading.blueprint(job=job),
        message=_message(job, message),
        job=job,
        generated=True,
    )
    version = projects.write(project=project, change=change, author=_person(principal))
    _record(principal, "project.apply", project, version)
    return version


def _revert_head(
    principal: Principal, project: Project, version: ProjectVersion, user: User
) -> ProjectVersion:
    parent = projects.previous(version)
    if parent is None:
        raise ReversalBlocked([version.number])
    change = Change(
        kind="reversal",
        tree=projects.tree(version=parent),
        blueprint=projects.blueprint(version=parent),
        message=f"Undo version {version.number}\n",
        job=version.job,
        reverts=version,
        generated=True,
    )
    made = projects.write(project=project, change=change, author=user)
    _record(principal, "project.revert", project, made)
    return made


def _check_revertible(project: Project, version: ProjectVersion) -> None:
    """Raises ReversalBlocked: already undone, the first, or later migrations stand on its own."""
    undone = project.versions.filter(reverts=version).values_list("number", flat=True)
    if undone:
        raise ReversalBlocked(list(undone))
    if version.number == 1:
        raise ReversalBlocked([version.number])
    if not projects.migrate_commands(version=version):
        return
    later = project.versions.filter(number__gt=version.number).order_by("number")
    dependent = [one.number for one in later if projects.migrate_commands(version=one)]
    if dependent:
        raise ReversalBlocked(dependent)


def _check_conflicts(
    project: Project, job: GenerationJob, resolutions: dict[str, list[str]]
) -> None:
    head = projects.head(project)
    if head is None:
        return
    merged = packing.merge(
        base=_without_migrations(_merge_base(job, project)),
        ours=_without_migrations(projects.tree(version=head)),
        theirs=_without_migrations(reading.tree(job=job)),
        resolutions=resolutions,  # type: ignore[arg-type]
    )
    if merged.conflicts:
        raise BaseMoved(sorted({one.path for one in merged.conflicts}), merged.conflicts)


def _merged(base: Tree, ours: Tree, theirs: Tree, resolutions: dict[str, Any]) -> Tree:
    """Everything but migrations and the schema is merged by lines; those are made anew on top of ours."""
    merged = packing.merge(
        base=_without_migrations(base),
        ours=_without_migrations(ours),
        theirs=_without_migrations(theirs),
        resolutions=resolutions,
    )
    if merged.conflicts:
        names = ", ".join(sorted({one.path for one in merged.conflicts})[:10])
        raise Permanent("base_moved", _("Settle the conflicts first: ") + names)
    kept = {path: content for path, content in ours.items() if _is_migration(path)}
    tree = {**merged.tree, **kept}
    app = next((path.split("/")[0] for path in tree if path.endswith("/actions.py")), "api")
    drafted = drafting.complete(tree=tree, app=app)
    return dict(sorted({**tree, **drafted}.items()))


def _commit(run: Run, project: Project, head: ProjectVersion, change: Change, user: User) -> None:
    """Write the version in the transaction that ends the task. A head that moved meanwhile starts it again."""
    with run.finish({"project": project.pk}):
        try:
            held = projects.locked(project)
        except ProjectBusy as error:
            raise RetryLater(BUSY_SECONDS) from error
        if held.head_version_id != head.pk:
            raise RetryLater(BUSY_SECONDS)
        version = projects.write(project=held, change=change, author=user)
        action = {"merge": "project.merge", "reversal": "project.revert"}.get(
            change.kind, "project.apply"
        )
        _record(user, action, held, version)


def _verify(run: Run, blueprint: Blueprint, tree: Tree) -> None:
    """Run the checks; what is red is not committed. Raises Permanent."""
    directory = settings.DATA_DIR / "jobs" / f"{run.id}-{run.attempt}-check"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    try:
        verdict = verify.verify(
            blueprint=blueprint,
            tree=tree,
            directory=directory,
            progress=lambda _event, detail: run.progress(60, 100, str(detail.get("name", ""))),
        )
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    run.check()
    if not verdict.green:
        red = ", ".join(check.name for check in verdict.checks if check.state == "fail")
        raise Permanent("verification_failed", _("The result does not pass its checks: ") + red)


def _project_for(principal: Principal, job: GenerationJob) -> Project:
    """The job's target, made now if the job had none."""
    if job.project is not None:
        return job.project
    project = projects.create(principal=principal, name=_free_name(job))
    job.project = project
    job.save(update_fields=["project", "updated_at"])
    return project


def _free_name(job: GenerationJob) -> str:
    taken = set(
        Project.objects.filter(workspace_id=job.workspace_id, deleted_at__isnull=True).values_list(
            "slug", flat=True
        )
    )
    candidates = [job.name, *(f"{job.name} {number}" for number in range(2, 1000))]
    return next(name for name in candidates if projects.slug_of(name) not in taken)


def _base_tree(job: GenerationJob, project: Project) -> Tree:
    """The tree that the job was compared with."""
    base = project.versions.filter(commit_sha=job.base_commit).first() if job.base_commit else None
    return projects.tree(version=base) if base else projects.blank_tree()


def _merge_base(job: GenerationJob, project: Project) -> Tree:
    """The last pure render that the job knew: what people had written by hand until then counts as theirs."""
    known = project.versions.filter(commit_sha=job.base_commit).first() if job.base_commit else None
    if known is None:
        return projects.blank_tree()
    by_hand = (ProjectVersion.Kind.IMPORT, ProjectVersion.Kind.MERGE)
    pure = project.versions.filter(number__lte=known.number).exclude(kind__in=by_hand)
    return projects.tree(version=pure.order_by("-number")[0])


def _moved_files(
    job: GenerationJob, difference: dict[str, Any], project: Project | None = None
) -> list[str]:
    """The files whose content in the head is not what the result was compared with; empty = it still fits."""
    project = project or job.project
    head = projects.head(project) if project else None
    if head is None:
        return []
    ours = projects.tree(version=head)
    base = _base_tree(job, project) if project else {}
    if tree_sha256(ours) == tree_sha256(base):
        return []
    changed = {path for path in {*ours, *base} if ours.get(path) != base.get(path)}
    touched = {entry["path"] for entry in difference["files"]}
    return sorted(changed & touched) or sorted(changed)


def _without_items(head: Blueprint, gone: Blueprint, kept: Blueprint) -> Blueprint:
    """The head's blueprint without what the undone version had added."""
    added = {one.key for one in (*gone.entities, *gone.endpoints, *gone.seeds)}
    added -= {one.key for one in (*kept.entities, *kept.endpoints, *kept.seeds)}
    return head.model_copy(
        update={
            "entities": [one for one in head.entities if one.key not in added],
            "endpoints": [one for one in head.endpoints if one.key not in added],
            "seeds": [one for one in head.seeds if one.key not in added],
        }
    )


def _without_migrations(tree: Tree) -> Tree:
    made_anew = {"openapi.yaml"}
    return {
        path: content
        for path, content in tree.items()
        if not _is_migration(path) and path not in made_anew
    }


def _is_migration(path: str) -> bool:
    return "/migrations/0" in path


def _message(job: GenerationJob, message: str) -> str:
    counts = job.summary
    title = message.strip() or f"Apply {job.name}"
    return (
        f"{title}\n\nJob {job.pk}: {counts.get('endpoints', 0)} endpoints,"
        f" {counts.get('entities', 0)} models, {counts.get('files', 0)} files.\n"
    )


def _record(
    actor: Principal | User, action: str, project: Project, version: ProjectVersion
) -> None:
    before = projects.previous(version)
    audit.record(
        actor=actor,
        action=action,
        target=("project", project.pk),
        before={"tree": before.tree_sha256 if before else None},
        after={
            "tree": version.tree_sha256,
            "commit": version.commit_sha,
            "version": version.number,
        },
    )


def _check_green(job: GenerationJob) -> None:
    if job.task.state != Task.State.SUCCEEDED:
        raise NotSucceeded


def _person(principal: Principal) -> User:
    if principal.user is None:
        raise NotSucceeded
    return principal.user
