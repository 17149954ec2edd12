from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StudioConfig(AppConfig):
    name = "studio"
    verbose_name = _("Novels")

    def ready(self) -> None:
        from studio import declarations, handlers
        from studio.api import resources

        declarations.declare()
        handlers.declare()
        resources.declare()
