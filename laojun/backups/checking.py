"""Whether a backup is what was made and can be used here: its signature, its parts, its files, its keys, our tools."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from django.utils import timezone

from accounts import secrets, tenancy
from accounts.registry import Progress, unwatched
from laojun import audit, durable
from laojun.audit import Actor
from laojun.backups import manifest, programs
from laojun.backups.making import DUMP, FILES, SENTINEL, SENTINEL_PLACE
from laojun.backups.manifest import BackupRefused
from laojun.backups.pool import FOLDER, Pool, PoolDamaged
from laojun.backups.sources import Named
from laojun.models import Backup


def check(folder: Path, *, trusted: str = "", progress: Progress = unwatched) -> dict[str, Any]:
    """Read everything and compare it with the manifest, which is returned. Nothing is changed.

    Raises BackupRefused with the part's name and the remedy.
    """
    content = manifest.read(folder, trusted=trusted)
    for name, (sha256, size) in content["parts"].items():
        _check_part(folder, name, sha256, size)
    _check_keys(content)
    programs.find("pg_restore", server=int(content["server"]) // 10_000)
    pool, named = Pool(folder.parent / FOLDER), list(files_of(folder))
    for number, one in enumerate(named):
        progress(number, len(named), "files")
        try:
            pool.check(one.sha256)
        except PoolDamaged as error:
            raise BackupRefused(f"{error}: the file {one.path} cannot be restored") from error
    return content


def verify(backup: Backup, *, by: Actor, progress: Progress = unwatched) -> None:
    """Check a backup and keep the verdict in its row. Raises BackupRefused."""
    try:
        check(Path(backup.path), progress=progress)
    except BackupRefused as error:
        _keep(backup, by, state=Backup.State.CORRUPT, error=str(error)[:2000])
        raise
    _keep(backup, by, state=Backup.State.OK, error="")


def files_of(folder: Path) -> Iterator[Named]:
    for line in (folder / FILES).read_bytes().splitlines():
        yield Named(*orjson.loads(line))


def _check_part(folder: Path, name: str, sha256: str, size: int) -> None:
    path = folder / name
    if ".." in Path(name).parts or not path.is_file():
        raise BackupRefused(f"{name} is missing: bring it back from where the backup was copied to")
    if path.stat().st_size != size or durable.sha256_of(path) != sha256:
        raise BackupRefused(f"{name} was changed: use another backup or another copy of this one")


def _check_keys(content: dict[str, Any]) -> None:
    """Something sealed by every key of the ring opens here: the secrets in the dump will too."""
    for key_id, sealed in content["sentinels"].items():
        try:
            opened = secrets.unseal(sealed, place=SENTINEL_PLACE)
        except secrets.SecretUnreadable as error:
            raise BackupRefused(
                f"the key {key_id} is missing: put it into SECRETS_KEYS, or no secret opens after the restore"
            ) from error
        if opened != SENTINEL:
            raise BackupRefused(f"the key {key_id} opens something else than was sealed")


def _keep(backup: Backup, by: Actor, *, state: str, error: str) -> None:
    with tenancy.platform_scope(reason="backups"):
        Backup.objects.filter(pk=backup.pk).update(
            state=state, error=error, verified_at=timezone.now()
        )
        audit.record(
            actor=by,
            action="backup.verified",
            target=audit.Target("backup", str(backup.pk), platform=True),
            result=audit.OK if state == Backup.State.OK else audit.FAILED,
            details={"error": error},
        )


__all__ = ["DUMP", "check", "files_of", "verify"]
