"""What this app lets workers do later."""

from django.utils.translation import gettext_lazy as _

from accounts import mail, recovery, registry
from accounts.registry import Job

SOON_S = (30.0, 120.0, 600.0)


def declare() -> None:
    for job in (
        Job(
            mail.KIND,
            mail.deliver,
            mail.SCHEMA,
            mail.QUEUE,
            mail.RETRIES_S,
            wipe_payload=True,
            label=_("Send a letter"),
        ),
        Job(
            recovery.KIND,
            recovery.run,
            mail.SCHEMA,
            mail.QUEUE,
            SOON_S,
            wipe_payload=True,
            label=_("Look for who forgot a password"),
        ),
    ):
        registry.jobs.add(job.name, job)
