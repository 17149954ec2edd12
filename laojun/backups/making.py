"""Make a backup: one snapshot of the database, every file its rows name, the anchors, and last the signed manifest.

A folder appears under its name when all of it is on the disk. What dies before leaves a `.partial` folder, which
the next backup removes, and files of the pool, which the next backup uses.
"""

import logging
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import django
import orjson
from django.conf import settings
from django.utils import timezone

from accounts import secrets, tenancy
from accounts.registry import Progress, unwatched
from laojun import audit, durable
from laojun.audit import Actor
from laojun.backups import manifest, programs, pruning, sources, telling
from laojun.backups.manifest import BackupRefused, Part
from laojun.backups.pool import FOLDER, Pool, PoolDamaged
from laojun.backups.sources import AlreadyRunning, Named, Snapshot
from laojun.models import Backup
from laojun.receiving import StorageFull, a_full_disk_named

DUMP, FILES, ANCHORS = "database.dump", "files.jsonl", "anchors"
PARTIAL = ".partial"
SENTINEL = "taishang-sentinel"
SENTINEL_PLACE = "backup.sentinel"
MAX_ERROR = 2000
LOOK_SECONDS = 0.4
SYSTEM = Actor.system("backup")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Saved:
    """What the pool got. `missing` files have a row and no content any more. Units: bytes."""

    count: int
    bytes: int
    new_bytes: int
    missing: list[str]


def make(
    *,
    kind: str = Backup.Kind.MANUAL,
    to: Path | None = None,
    with_files: bool = True,
    by: Actor = SYSTEM,
    now: datetime | None = None,
    progress: Progress = unwatched,
) -> Backup:
    """Make one backup and prune the old ones. Units: `progress` counts per cent.

    Raises AlreadyRunning, BackupRefused, StorageFull, ProgramFailed.
    """
    at = now or timezone.now()
    root = Path(to or settings.BACKUP_DIR)
    with sources.snapshot() as snapshot:
        backup = _begin(kind, root, at)
        try:
            _save(backup, root, snapshot, with_files=with_files, progress=progress)
        except BaseException as error:
            _fail(backup, by, error)
            raise
        _end(backup, by)
        progress(97, 100, "pruning")
        pruning.prune(root=root, by=by)
    progress(100, 100, "done")
    return backup


def _begin(kind: str, root: Path, at: datetime) -> Backup:
    """The row of the backup. Whoever is still `running` died: this one holds the lock."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in root.glob(f"*{PARTIAL}"):
        shutil.rmtree(left, ignore_errors=True)
    with tenancy.platform_scope(reason="backups"):
        Backup.objects.filter(state=Backup.State.RUNNING).update(
            state=Backup.State.FAILED, error="its process died", finished_at=at
        )
        name = f"{at:%Y%m%dT%H%M%SZ}-{kind}"
        return Backup.objects.create(
            kind=kind, tier=pruning.tier_of(at), path=str(_free(root, name)), started_at=at
        )


def _free(root: Path, name: str) -> Path:
    """A folder name that nobody has: two backups of one second are told apart."""
    path, number = root / name, 1
    while path.exists():
        number += 1
        path = root / f"{name}-{number}"
    return path


def _save(
    backup: Backup, root: Path, snapshot: Snapshot, *, with_files: bool, progress: Progress
) -> None:
    folder = Path(backup.path)
    draft, pool = folder.with_name(folder.name + PARTIAL), Pool(root / FOLDER)
    named = snapshot.files() if with_files else []
    _check_space(root, snapshot, pool, named)
    try:
        draft.mkdir(mode=0o700)
        progress(2, 100, "database")
        facts = snapshot.facts()
        saved = _write_parts(draft, pool, snapshot, named, progress)
        content = {
            **_origin(backup),
            **facts,
            "parts": {part.name: [part.sha256, part.bytes] for part in _parts(draft)},
            "files": {"count": saved.count, "bytes": saved.bytes, "missing": saved.missing},
            "with_files": with_files,
        }
        backup.manifest_sha256 = manifest.write(draft, content)
        draft.rename(folder)
        durable.settle(root)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    backup.database_bytes = (folder / DUMP).stat().st_size
    backup.files_bytes, backup.new_bytes = saved.bytes, saved.new_bytes
    if saved.missing:
        backup.error = f"without content: {', '.join(saved.missing)}"[:MAX_ERROR]


def _write_parts(
    draft: Path, pool: Pool, snapshot: Snapshot, named: list[Named], progress: Progress
) -> Saved:
    """Everything but the manifest. The snapshot stands, and files are immutable and stay for two days.

    So they are copied beside the dump, which keeps one processor busy with compressing.
    """
    with ThreadPoolExecutor(1) as beside:
        dumping = beside.submit(dumper(snapshot, draft / DUMP))
        saved = _save_files(pool, named, draft, partial(_part_of, progress))
        while wait([dumping], timeout=LOOK_SECONDS).not_done:
            progress(90, 100, "database")
        dumping.result()
    _copy_anchors(draft, snapshot.newest_anchor())
    return saved


def dumper(snapshot: Snapshot, path: Path) -> Callable[[], None]:
    """What runs `pg_dump -Fc` of the snapshot, in any thread. Raises BackupRefused.

    Calling it raises ProgramFailed, StorageFull.
    """
    who = sources.sign_in()
    program = programs.find("pg_dump", server=snapshot.connection.info.server_version // 10_000)
    arguments = ["--format=custom", f"--snapshot={snapshot.id}", f"--file={path}"]
    arguments += ["--exclude-table=restored_*", f"--dbname={who['dbname']}"]

    def dump() -> None:
        try:
            programs.run(program, *arguments, sign_in=who)
        except programs.ProgramFailed as error:
            if "No space left" in str(error):
                raise StorageFull(str(error)) from error
            raise
        durable.settle(path)

    return dump


def _check_space(root: Path, snapshot: Snapshot, pool: Pool, named: Iterable[Named]) -> None:
    """Before anything is written: the dump is never larger than its database, new files are as large as they are."""
    new = {one.sha256: one.size for one in named if not pool.has(one.sha256)}
    needed, free = snapshot.size() + sum(new.values()), shutil.disk_usage(root).free
    if needed > free:
        raise StorageFull(f"{root} has {free} bytes free and the backup may need {needed}")


def _save_files(pool: Pool, named: list[Named], draft: Path, progress: Progress) -> Saved:
    """Every file once into the pool, and the list of them into the backup's folder."""
    new_bytes, missing = 0, []
    with a_full_disk_named(), durable.whole(draft / FILES) as listing:
        for number, one in enumerate(named):
            progress(number, len(named), "files")
            if not pool.has(one.sha256):
                try:
                    with one.open() as content:
                        new_bytes += pool.add(one.sha256, content)
                except (FileNotFoundError, PoolDamaged) as error:
                    logger.warning("file not saved path=%s error=%s", one.path, error)
                    missing.append(one.path)
                    continue
            listing.write(orjson.dumps([one.kind, one.path, one.sha256, one.size]) + b"\n")
    return Saved(len(named) - len(missing), sum(one.size for one in named), new_bytes, missing)


def _copy_anchors(draft: Path, newest: int) -> None:
    """The lines that the snapshot knows; those signed since would tell of rows that the dump does not have."""
    found = Path(settings.AUDIT_ANCHORS_DIR)
    for path in sorted(found.glob("*.jsonl")) if found.is_dir() else ():
        with durable.whole(draft / ANCHORS / path.name) as target, path.open("rb") as source:
            for raw in source:
                if raw.endswith(b"\n") and orjson.loads(raw)["body"]["no"] <= newest:
                    target.write(raw)


def _parts(draft: Path) -> list[Part]:
    names = [str(path.relative_to(draft)) for path in sorted(draft.rglob("*")) if path.is_file()]
    return [Part.of(draft, name) for name in names if not name.startswith("manifest.")]


def _origin(backup: Backup) -> dict[str, Any]:
    """Which backup this is, and the ids of the keys it needs, each with something sealed by it; never a key."""
    return {
        "made_at": backup.started_at.isoformat(),
        "kind": backup.kind,
        "django": django.get_version(),
        "public_key": manifest.public_key(),
        "sentinels": {
            key_id: secrets.seal(SENTINEL, place=SENTINEL_PLACE, key_id=key_id)
            for key_id in secrets.key_ids()
        },
    }


def _part_of(progress: Progress, current: int, total: int, message: str = "") -> None:
    progress(5 + 80 * current // max(total, 1), 100, message)


def _end(backup: Backup, by: Actor) -> None:
    backup.state, backup.finished_at = Backup.State.OK, timezone.now()
    with tenancy.platform_scope(reason="backups"):
        backup.save()
        _record("backup.made", backup, by, audit.OK)


def _fail(backup: Backup, by: Actor, error: BaseException) -> None:
    backup.state, backup.finished_at = Backup.State.FAILED, timezone.now()
    backup.error = f"{type(error).__name__}: {error}"[:MAX_ERROR]
    with suppress(Exception), tenancy.platform_scope(reason="backups"):
        backup.save()
        _record("backup.failed", backup, by, audit.FAILED)
        telling.operators("backup_failed", error=backup.error[:300])


def _record(action: str, backup: Backup, by: Actor, result: str) -> None:
    audit.record(
        actor=by,
        action=action,
        target=audit.Target("backup", str(backup.pk), platform=True),
        result=result,
        details={
            "kind": backup.kind,
            "bytes": backup.total_bytes,
            "manifest": backup.manifest_sha256,
            "error": backup.error,
        },
    )


__all__ = ["AlreadyRunning", "BackupRefused", "StorageFull", "make"]
