"""The Celery application: it carries wake-ups and nothing else. A broker that is away costs a quarter second."""

import os

from celery import Celery
from django.conf import settings
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("taishang")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_configure.connect
def configure(sender: Celery, **_: object) -> None:
    """Queues and limits that follow from the settings; read when the application is first used."""
    sender.conf.update(
        task_ignore_result=True,
        task_default_queue="default",
        task_queues=[Queue(name, routing_key=name) for name in settings.TASK_QUEUES],
        task_create_missing_queues=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_connect_timeout": 0.15,
            "socket_timeout": 0.15,
            "max_retries": 0,
            "global_keyprefix": f"{settings.CACHE_PREFIX}:celery:",
        },
    )
