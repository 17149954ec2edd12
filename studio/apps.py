from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class StudioConfig(AppConfig):
    name = "studio"
    verbose_name = _("Novels")

    def ready(self) -> None:
        from accounts import registry
        from studio import checks, declarations, demo, handlers, receivers  # noqa: F401
        from studio.agents import seeding
        from studio.api import resources

        declarations.declare()
        handlers.declare()
        resources.declare()
        registry.demo_steps.add("studio", demo.seed_novel)
        post_migrate.connect(seeding.after_migrate, sender=self)
