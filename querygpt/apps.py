from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class QuerygptConfig(AppConfig):
    name = "querygpt"
    verbose_name = _("Questions to databases")

    def ready(self) -> None:
        from accounts import registry
        from querygpt import checks, declarations, demo, handlers, prompts, receivers  # noqa: F401

        declarations.declare()
        handlers.declare()
        registry.demo_steps.add("querygpt", demo.seed_shop)
        post_migrate.connect(prompts.after_migrate, sender=self)
