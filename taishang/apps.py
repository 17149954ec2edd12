from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class TaishangConfig(AppConfig):
    name = "taishang"
    verbose_name = _("Tasks and models")

    def ready(self) -> None:
        from accounts import registry
        from taishang import (  # noqa: F401
            declarations,
            demo,
            handlers,
            history,
            queue,
            receivers,
            restored,
            retention,
            schedules,
        )
        from taishang.api import resources
        from taishang.generation import declarations as generation
        from taishang.generation import sweeping

        declarations.declare()
        resources.declare()
        generation.declare()
        handlers.declare()
        retention.declare()
        restored.declare()
        registry.schedules.add(
            "generation.sweep",
            registry.Schedule("generation.sweep", sweeping.sweep, every_s=3600),
        )
        registry.demo_steps.add("generation", demo.seed_generation)
        registry.demo_steps.add("search", demo.seed_search)
        registry.enqueue.fill(queue.enqueue)
        registry.latest_work.fill(history.latest_work)
        post_migrate.connect(schedules.after_migrate, sender=self)
