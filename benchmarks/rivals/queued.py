"""The same no-op task by procrastinate and by Celery alone; each process of a worker imports this.

`BENCH_PROCRASTINATE` is a connection string, `BENCH_CELERY` the address of a broker and `BENCH_STAMPS` the same for a
plain client. Celery is set up to lose nothing that it can keep: late acknowledgement, rejection when a worker is lost,
one message at a time.
"""

import os
import time

import redis
from celery import Celery
from procrastinate import App, PsycopgConnector

procrastinate_app = App(
    connector=PsycopgConnector(conninfo=os.environ.get("BENCH_PROCRASTINATE", ""))
)
celery_app = Celery(
    "bench", broker=os.environ.get("BENCH_CELERY", "memory://"), set_as_current=False
)
celery_app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"global_keyprefix": "bench:"},
)
STAMPS = "bench:stamps"


@procrastinate_app.task(name="noop")
def procrastinate_noop(number: int) -> None:
    """Nothing."""


@celery_app.task(name="noop")
def celery_noop(number: int, stamped: int) -> None:
    """Nothing; the first and the last one leave a time, since Celery alone keeps none."""
    if stamped:
        redis.Redis.from_url(os.environ["BENCH_STAMPS"]).rpush(STAMPS, f"{number}:{time.time()}")
