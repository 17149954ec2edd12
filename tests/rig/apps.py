from django.apps import AppConfig

from accounts import registry


class RigConfig(AppConfig):
    name = "tests.rig"
    label = "rig"

    def ready(self) -> None:
        from tests.rig import handlers, hooks, hosts, jobs, providers  # noqa: F401

        hosts.install()
        providers.install()
        for job in jobs.JOBS:
            registry.jobs.add(job.name, job)
