"""A small platform with real commits: people, a file, a secret, and the folder its backups go to."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from accounts import tenancy
from laojun import configs, files
from laojun.audit import Actor
from laojun.backups import making, restoring
from laojun.configs import Change
from laojun.files import Owner
from laojun.models import Archive, Backup, Config, File, FileUsage
from tests import factories

SECRET = "canary of the mail server"
TEST = Actor.system("test")


@dataclass
class World:
    person: factories.Person
    root: Path

    def make(self, **options) -> Backup:
        return making.make(by=TEST, **options)

    def upload(self, content: bytes) -> File:
        owner = Owner(self.person.user.id, self.person.workspace.id)
        return files.store(content=content, name="a.txt", purpose="attachment", owner=owner)

    def restore(self, backup: Backup, into: str, **options) -> restoring.Report:
        return restoring.restore(Path(backup.path), into=into, by=TEST, **options)


@pytest.fixture
def world(committed, settings, tmp_path) -> World:
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.ARCHIVE_DIR = tmp_path / "archives"
    settings.AUDIT_ANCHORS_DIR = tmp_path / "anchors"
    settings.AUDIT_ANCHORS_DIR.mkdir()
    (settings.AUDIT_ANCHORS_DIR / "2026-11.jsonl").write_text('{"head": 1}\n')
    made = World(factories.person("keeper"), settings.BACKUP_DIR)
    made.upload("道可道,非常道。".encode() * 100)
    with tenancy.platform_scope(reason="test"):
        configs.write(changes=[Change("email.password", SECRET)], workspace_id=None, actor=TEST)
    yield made
    with tenancy.platform_scope(reason="tests: remove what was committed"):
        for model in (Backup, Archive, FileUsage, File, Config):
            model.objects.all().delete()


@pytest.fixture
def drop():
    """`drop(name)`: the name of a database that is gone after the test."""
    names: list[str] = []

    def later(name: str) -> str:
        names.append(name)
        return name

    yield later
    with restoring._administrator() as admin:
        for name in names:
            restoring.drop_database(admin, name)


def query(database: str, statement: str) -> list[tuple]:
    """Ask any database of the server, as its superuser."""
    with psycopg.connect(**{**restoring._admin_parameters(), "dbname": database}) as admin:
        return admin.execute(statement).fetchall()
