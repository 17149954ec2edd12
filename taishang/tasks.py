"""The messages that Celery carries: expendable wake-ups, the rows in the database are the truth."""

from celery import shared_task

from taishang import wakeups


@shared_task(ignore_result=True, time_limit=30)
def run_task(*, queue: str = "", **_: object) -> None:
    """Wake one idle slot of this worker; it claims whatever is due."""
    wakeups.poke()
