from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LaojunConfig(AppConfig):
    name = "laojun"
    verbose_name = _("Foundation")

    def ready(self) -> None:
        from accounts import registry
        from laojun import (  # noqa: F401
            audit,
            configs,
            declarations,
            ports,
            receivers,
        )
        from laojun.api import resources

        declarations.declare()
        resources.declare()
        registry.live_setting.fill(configs.live_setting)
        registry.last_change.fill(audit.last_change)
        registry.outbound.fill(ports.exchange)
        registry.keep_picture.fill(ports.keep_picture)
        registry.picture.fill(ports.picture)
