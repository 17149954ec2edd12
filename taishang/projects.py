"""Projects and their versions: the database names the heads, packs in file storage hold the content.

A tree is rebuilt from the packs of its history; the copy under the data directory is only a cache, and every
tree is checked against its version's hash before it is used.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.utils import IntegrityError, OperationalError
from django.utils import timezone

from accounts.authentication import Principal
from accounts.models import Profile, User
from laojun import audit, files
from laojun.files import ContentMissing, Owner
from laojun.models import File
from taishang.generation import CORE_VERSION, ir, packing, patching
from taishang.generation.ir import Blueprint
from taishang.generation.packing import PackDamaged
from taishang.generation.render import render
from taishang.generation.trees import Tree, tree_sha256
from taishang.models import GenerationJob, Project, ProjectVersion

MIGRATION = re.compile(r"^(?P<app>\w+)/migrations/(?P<name>\d{4}_\w+)\.py$")
LOCK_NOT_AVAILABLE = "55P03"
INITIAL_MESSAGE = "Start from the blank template\n"


class NameTaken(Exception):
    """Another live project of the workspace has this address."""

    code = "name_taken"


class ProjectBusy(Exception):
    """Somebody else is changing this project right now."""

    code = "project_busy"


class VersionDamaged(Exception):
    """The stored content of a version is not what it was. `number` names it."""

    code = "version_damaged"

    def __init__(self, number: int, detail: str) -> None:
        super().__init__(detail)
        self.number = number
        self.members = {"version": number}


@dataclass(frozen=True)
class Change:
    """A new version to be written: its tree, the blueprint behind it and why."""

    kind: str
    tree: Tree
    blueprint: Blueprint
    message: str
    job: GenerationJob | None = None
    reverts: ProjectVersion | None = None
    selection: dict[str, Any] | None = None
    generated: bool = False


def create(*, principal: Principal, name: str, description: str = "") -> Project:
    """A project with the blank template as its first version. Raises NameTaken."""
    user = _person(principal)
    project = Project(
        workspace_id=principal.workspace_id,
        name=name,
        slug=slug_of(name),
        description=description,
        created_by=user,
        template_version=CORE_VERSION,
    )
    try:
        with transaction.atomic():
            project.save(force_insert=True)
    except IntegrityError as error:
        raise NameTaken from error
    audit.record(
        actor=principal,
        action="project.create",
        target=("project", project.pk),
        after={"name": name},
    )
    blank = Blueprint()
    change = Change("initial", blank_tree(), blank, INITIAL_MESSAGE, generated=True)
    write(project=project, change=change, author=user)
    return project


def rename(*, principal: Principal, project: Project, name: str, description: str) -> None:
    before = {"name": project.name, "description": project.description}
    project.name, project.description = name, description
    project.save(update_fields=["name", "description", "updated_at"])
    audit.record(
        actor=principal,
        action="project.rename",
        target=("project", project.pk),
        before=before,
        after={"name": name, "description": description},
    )


def delete(*, principal: Principal, project: Project) -> None:
    """Hide a project; its versions are kept for thirty days."""
    Project.objects.filter(pk=project.pk, deleted_at__isnull=True).update(deleted_at=timezone.now())
    audit.record(actor=principal, action="project.delete", target=("project", project.pk))


def locked(project: Project) -> Project:
    """The project's row, held until the transaction ends; heads change only so. Raises ProjectBusy."""
    try:
        with transaction.atomic():
            return Project.objects.select_for_update(nowait=True, of=("self",)).get(pk=project.pk)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE:
            raise ProjectBusy from error
        raise


def head(project: Project) -> ProjectVersion | None:
    if project.head_version_id is None:
        return None
    return ProjectVersion.objects.get(pk=project.head_version_id)


def previous(version: ProjectVersion) -> ProjectVersion | None:
    return ProjectVersion.objects.filter(
        project_id=version.project_id, number=version.number - 1
    ).first()


def tree(*, version: ProjectVersion) -> Tree:
    """The files of a version, checked against its hash. Raises VersionDamaged."""
    cached = _cached(version)
    if cached is not None:
        return cached
    found = _rebuilt(version)
    _remember(version, found)
    return found


def archive(*, version: ProjectVersion) -> bytes:
    """The version as a ZIP, byte-identical every time."""
    return packing.archive(tree=tree(version=version))


def patch(*, version: ProjectVersion) -> bytes:
    """What the version changed, as a patch that `git apply` takes."""
    parent = previous(version)
    before = tree(version=parent) if parent else {}
    return patching.patch(base=before, tree=tree(version=version))


def blueprint(*, version: ProjectVersion) -> Blueprint:
    """The blueprint behind a version."""
    if version.ir_file is None:
        return Blueprint()
    return Blueprint.model_validate_json(files.read(version.ir_file))


def migrate_commands(*, version: ProjectVersion) -> list[str]:
    """What to run on deployed databases *before* the revert of this version is deployed there."""
    parent = previous(version)
    before, after = (_migrations(tree(version=one)) if one else {} for one in (parent, version))
    return [
        f"python manage.py migrate {app} {before.get(app, ['zero'])[-1]}"
        for app, names in sorted(after.items())
        if names != before.get(app)
    ]


def write(*, project: Project, change: Change, author: User) -> ProjectVersion:
    """Commit a change on top of the head: pack first, then version and head in this transaction.

    The caller holds the project's row (`locked`), or has just made it.
    """
    parent = head(project)
    parent_tree = tree(version=parent) if parent else None
    name = _display_name(author)
    committed = packing.commit(
        tree=change.tree,
        message=change.message,
        author=f"{name} <{author.pk}@users.noreply.invalid>",
        at=int(timezone.now().timestamp()),
        parent=parent.commit_sha if parent else None,
        parent_tree=parent_tree,
    )
    owner = Owner(author.pk, project.workspace_id)
    entity = ("project", project.pk)
    pack = files.store(
        content=committed.pack,
        name="version.pack",
        purpose="project.pack",
        owner=owner,
        entity=entity,
    )
    plan = files.store(
        content=ir.stored(change.blueprint),
        name="blueprint.json",
        purpose="project.pack",
        owner=owner,
        entity=entity,
    )
    version = ProjectVersion.objects.create(
        workspace_id=project.workspace_id,
        project=project,
        number=parent.number + 1 if parent else 1,
        kind=change.kind,
        job=change.job,
        reverts=change.reverts,
        commit_sha=committed.sha,
        parent_commit=parent.commit_sha if parent else None,
        tree_sha256=tree_sha256(change.tree),
        ir_file=plan,
        pack_file=pack,
        selection=change.selection or {},
        stats=_stats(parent_tree or {}, change.tree),
        message=change.message,
        author=author,
        author_name=name,
    )
    _move_head(project, version, change, pack.file_size + plan.file_size)
    return version


def check(*, project: Project) -> list[int]:
    """Numbers of the versions whose stored content is damaged; reads everything, trusts no cache."""
    damaged = []
    for version in project.versions.order_by("number").select_related("pack_file"):
        try:
            _rebuilt(version)
        except VersionDamaged:
            damaged.append(version.number)
    return damaged


def rebuild(*, project: Project) -> None:
    """Throw the cache away; the next reads fill it from the packs."""
    for version in project.versions.all():
        _cache_file(version).unlink(missing_ok=True)


def purge(*, project: Project) -> None:
    """Remove a deleted project with its versions for good."""
    packs = list(project.versions.values_list("pack_file", "ir_file"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.purging_project', %s, true)", [str(project.pk)])
    Project.objects.filter(pk=project.pk).update(head_version=None)
    GenerationJob.objects.filter(project=project).update(project=None)
    project.versions.all().delete()
    project.delete()
    wanted = {pk for pair in packs for pk in pair if pk is not None}
    for file in File.objects.filter(pk__in=wanted):
        files.delete(file)


def slug_of(name: str) -> str:
    """The part of the address that a name gives."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48]
    return words or f"project-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def blank_tree() -> Tree:
    """The blank template; rendered once for each version of the core and kept."""
    kept = settings.DATA_DIR / "cache" / f"blank-{CORE_VERSION}.zip"
    try:
        return packing.unarchive(data=kept.read_bytes())
    except (OSError, zipfile.BadZipFile):
        made = render(blueprint=Blueprint())
        _write_atomically(kept, packing.archive(tree=made))
        return made


def _move_head(project: Project, version: ProjectVersion, change: Change, size: int) -> None:
    project.head_version = version
    project.head_commit = version.commit_sha
    project.head_tree_sha256 = version.tree_sha256
    project.size_bytes += size
    fields = ["head_version", "head_commit", "head_tree_sha256", "size_bytes", "updated_at"]
    if change.generated:
        project.generated_tree_sha256 = version.tree_sha256
        fields.append("generated_tree_sha256")
    project.save(update_fields=fields)


def _cached(version: ProjectVersion) -> Tree | None:
    try:
        found = packing.unarchive(data=_cache_file(version).read_bytes())
    except (OSError, zipfile.BadZipFile):
        return None
    return found if tree_sha256(found) == version.tree_sha256 else None


def _rebuilt(version: ProjectVersion) -> Tree:
    history = ProjectVersion.objects.filter(
        project_id=version.project_id, number__lte=version.number
    ).select_related("pack_file")
    try:
        packs = [files.read(one.pack_file) for one in history.order_by("number")]
        found = packing.read(packs=packs, commit_sha=version.commit_sha)
    except (PackDamaged, ContentMissing) as error:
        raise VersionDamaged(version.number, str(error)) from error
    if tree_sha256(found) != version.tree_sha256:
        raise VersionDamaged(version.number, "its content has another hash")
    return found


def _remember(version: ProjectVersion, found: Tree) -> None:
    _write_atomically(_cache_file(version), packing.archive(tree=found))


def _cache_file(version: ProjectVersion) -> Path:
    folder = settings.DATA_DIR / "projects" / str(version.project_id)
    return Path(folder / f"{version.commit_sha}.zip")


def _write_atomically(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{timezone.now().timestamp()}.new")
    draft.write_bytes(content)
    draft.replace(target)


def _stats(before: Tree, after: Tree) -> dict[str, int]:
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    return {
        "added": sum(path not in before for path in changed),
        "deleted": sum(path not in after for path in changed),
        "modified": sum(path in before and path in after for path in changed),
        "files": len(after),
    }


def _migrations(found: Tree) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for path in sorted(found):
        match = MIGRATION.match(path)
        if match:
            names.setdefault(match["app"], []).append(match["name"])
    return names


def _display_name(user: User) -> str:
    shown = Profile.objects.filter(user=user).values_list("display_name", flat=True).first()
    return (shown or user.username)[:100]


def _person(principal: Principal) -> User:
    if principal.user is None:
        raise ValueError("only a person makes projects")
    return principal.user
