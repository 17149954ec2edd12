from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QuerygptConfig(AppConfig):
    name = "querygpt"
    verbose_name = _("Questions to databases")

    def ready(self) -> None:
        from querygpt import declarations, handlers, receivers  # noqa: F401

        declarations.declare()
        handlers.declare()
