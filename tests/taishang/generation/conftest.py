"""Jobs over our own sample, run in this process and in their real cage."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from accounts import tenancy
from accounts.authentication import Principal
from accounts.tenancy import Context
from laojun import files
from laojun.files import Owner
from taishang.generation import correcting, sample, submitting
from taishang.generation.options import Options
from taishang.models import GenerationJob, Project
from tests import factories, tidying
from tests.factories import Person
from tests.taishang.conftest import Bench

MOST_AHEAD = 5


@dataclass
class Workshop:
    """Somebody who submits exports, and a worker that runs them."""

    person: Person
    bench: Bench

    @property
    def principal(self) -> Principal:
        return Principal(
            user=self.person.user,
            workspace_id=self.person.workspace.id,
            is_owner=True,
            context=Context(self.person.user.id, self.person.workspace.id),
        )

    def inside(self):
        return tenancy.entered(self.principal.context)

    def submit(
        self,
        archive: bytes | None = None,
        chat: bytes | None = None,
        project: Project | None = None,
        **options: Any,
    ) -> submitting.Submission:
        owner = Owner(self.person.user.id, self.person.workspace.id)
        upload = files.store(
            content=archive or sample.archive(),
            name="export.zip",
            purpose="generation.upload",
            owner=owner,
        )
        log = chat and files.store(
            content=chat, name="chat.json", purpose="generation.chat", owner=owner
        )
        with self.inside():
            return submitting.submit(
                principal=self.principal,
                upload=upload,
                chat=log or None,
                options=Options(**options),
                project=project,
                name="Reading club",
            )

    def run(self, archive: bytes | None = None, **options: Any) -> GenerationJob:
        """Submit and work until the job has ended."""
        job = self.submit(archive, **options).job
        self.work()
        return self.now(job)

    def revise(self, job: GenerationJob, *edits: dict[str, Any], **options: Any) -> GenerationJob:
        """A corrected job, worked to its end; `options` take the place of those it had."""
        with self.inside():
            found = correcting.revise(
                principal=self.principal,
                parent=job,
                edits=list(edits),
                options=Options.model_validate({**job.options, **options}),
            )
        self.work()
        return self.now(found.job)

    def work(self) -> None:
        """Run what was asked for, and the letters and sweeps that stand before it in the queue."""
        self.bench.work(limit=MOST_AHEAD)

    def now(self, job: GenerationJob) -> GenerationJob:
        with self.inside():
            return GenerationJob.objects.with_task().get(pk=job.pk)


@dataclass
class Record:
    """One finished job over the sample, run once for a whole module; tests change it inside their transaction."""

    workshop: Workshop
    job: GenerationJob


@pytest.fixture(scope="module")
def record(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        ann = factories.person("ann")
        workshop = Workshop(ann, Bench(ann))
        job = workshop.run()
        connection.close()
    yield Record(workshop, job)
    with django_db_blocker.unblock():
        tidying.empty_tenant_tables()


@pytest.fixture
def workshop(db, record) -> Workshop:
    return record.workshop


@pytest.fixture
def finished(workshop, record) -> GenerationJob:
    return workshop.now(record.job)


@pytest.fixture
def other_workshop(charlie) -> Workshop:
    return Workshop(charlie, Bench(charlie))
